// Types of turndown.js, for tsc only: what our paste handler uses of it.
export interface Rule {
  filter: string | string[] | ((node: HTMLElement, options: object) => boolean);
  replacement: (content: string, node: HTMLElement, options: object) => string;
}
export class TurndownService {
  constructor(options?: Record<string, unknown>);
  addRule(key: string, rule: Rule): this;
  keep(filter: Rule["filter"]): this;
  remove(filter: Rule["filter"]): this;
  escape(text: string): string;
  turndown(html: string | Node): string;
}
