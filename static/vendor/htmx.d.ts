// Types of htmx.js, for tsc only.
import htmx from "htmx.org";
export { htmx };
export const Idiomorph: {
  morph(old: Element, next: Element | string, options?: { morphStyle?: "innerHTML" | "outerHTML"; ignoreActiveValue?: boolean }): Node[];
};
