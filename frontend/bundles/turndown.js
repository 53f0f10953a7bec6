// HTML to Markdown, fetched only when somebody pastes formatted text.
export { default as TurndownService } from "turndown";
