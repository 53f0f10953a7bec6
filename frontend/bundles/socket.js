// The live connection: Socket.IO speaking msgpack.
export { io } from "socket.io-client";
export { default as parser } from "socket.io-msgpack-parser";
