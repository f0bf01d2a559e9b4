"""Recordings of hours, analysed while nobody waits.

- `job`: the state of a job, and its id
- `store`: where states and results are kept: `memory_store`, or also `redis_store`
- `upload`: the recording of a job until it is decoded
- `decoding`: decodes it, in a process of its own (`decoder_process`)
- `transcription`: transcribes it window by window
- `callback`: tells a URL that a job has ended
- `entry`: a job that waits or runs
- `refusals`: what callers are told about a job without a result
- `job_log`: the log line of a job that has ended
- `runner`: runs one job after the other
"""
