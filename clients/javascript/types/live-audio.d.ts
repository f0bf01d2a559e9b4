/** @typedef {ArrayBuffer | ArrayBufferView} Samples 16-bit little-endian samples, mono; or G.711 */
/**
 * A recording as a `Blob`, a microphone's `MediaStream`, samples, or a stream of samples.
 * @typedef {Blob | MediaStream | Samples | Iterable<Samples> | AsyncIterable<Samples>} Source
 */
/**
 * @typedef {object} Format
 * @property {number} rate samples per second
 * @property {number} sampleBytes 2, or 1 for G.711
 */
/**
 * The samples of a source, those of recordings and microphones in pieces of 100 ms.
 * @param {Source} source
 * @param {Format} format
 * @param {AbortSignal} stop ends a microphone
 * @returns {AsyncGenerator<Uint8Array>}
 */
export function pieces(source: Source, { rate, sampleBytes }: Format, stop: AbortSignal): AsyncGenerator<Uint8Array>;
/**
 * The bytes of samples, without a copy.
 * @param {Samples} samples
 * @returns {Uint8Array}
 */
export function toBytes(samples: Samples): Uint8Array;
/**
 * 16-bit little-endian samples, mono; or G.711
 */
export type Samples = ArrayBuffer | ArrayBufferView;
/**
 * A recording as a `Blob`, a microphone's `MediaStream`, samples, or a stream of samples.
 */
export type Source = Blob | MediaStream | Samples | Iterable<Samples> | AsyncIterable<Samples>;
export type Format = {
    /**
     * samples per second
     */
    rate: number;
    /**
     * 2, or 1 for G.711
     */
    sampleBytes: number;
};
