// Properties and events of a custom element as those of a Vue component.
import { h, shallowRef, type VNode } from "vue";

/**
 * A render function of the element `tag`, and a ref to it. Properties that are not given keep the element's
 * defaults; an event is emitted with its `detail`.
 */
export function wrap(
  tag: string,
  props: Readonly<Record<string, unknown>>,
  emitters: Readonly<Record<string, (detail: never) => void>>,
): { element: { readonly value: HTMLElement | null }; render: () => VNode } {
  const element = shallowRef<HTMLElement | null>(null);
  const listeners = Object.entries(emitters).map(([name, emit]) => [
    `on${name[0]?.toUpperCase()}${name.slice(1)}`,
    (event: CustomEvent) => emit(event.detail as never),
  ]);
  const render = (): VNode => {
    // "." sets a property, also of an element that is not defined yet
    const given = Object.entries(props)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`.${name}`, value]);
    return h(tag, { ref: element, ...Object.fromEntries([...given, ...listeners]) });
  };
  return { element, render };
}
