// Types of codemirror.js, for tsc only: those of the packages it is built from.
export * from "../../frontend/bundles/codemirror.js";
