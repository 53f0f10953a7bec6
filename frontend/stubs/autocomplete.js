// Only wanted by lang-markdown for completing HTML tags, which our texts do not have.
export class CompletionContext {}
