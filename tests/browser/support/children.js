// Whatever ends the tests, what they started ends with them.
import {spawn} from "node:child_process";

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

export function start(command, words, options) {
  const child = spawn(command, words, options);
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}
