// Types of socket.js, for tsc only.
export { io, Socket } from "socket.io-client";
/** The msgpack parser, which has no types of its own; handed to io() as it is. */
export const parser: unknown;
