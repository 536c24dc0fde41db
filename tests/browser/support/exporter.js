// The program under test: started on a port of its own, ended by pid.
import path from "node:path";

import {start} from "./children.js";
import {until} from "./until.js";

export const REPOSITORY = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../..");
export const BINARY = path.resolve(process.env.MEMLEAK_EXPORTER ?? `${REPOSITORY}/build/release/memleak_exporter`);
export const BUILD = path.resolve(process.env.MEMLEAK_BUILD ?? `${REPOSITORY}/build/dev`);

export class Exporter {
  static async start(...flags) {
    const exporter = new Exporter(flags);
    try {
      exporter.url = await until("the exporter's address in its log", () => exporter.#address());
      await until("readiness", async () => (await fetch(`${exporter.url}-/ready`)).ok);
    } catch (error) {
      await exporter.kill();
      throw new Error(`${error.message}\n${exporter.log}`);
    }
    return exporter;
  }

  constructor(flags) {
    this.log = "";
    const listen = flags.some((flag) => flag.startsWith("--web.listen-address")) ? [] : ["--web.listen-address=127.0.0.1:0"];
    this.process = start(BINARY, [...listen, ...flags], {stdio: ["ignore", "ignore", "pipe"]});
    this.process.stderr.setEncoding("utf-8").on("data", (text) => (this.log += text));
    this.ended = new Promise((resolve) => {
      this.process.on("exit", (code, signal) => resolve(code ?? signal));
      this.process.on("error", (error) => resolve(error.message));
    });
    this.ended.then((how) => (this.how = how));
  }

  #address() {
    if (this.how !== undefined) throw new Error(`the exporter ended: ${this.how}`);
    const found = /\burl"?[=:]"?(http:\/\/[^\s"]+)/.exec(this.log);
    return found && new URL("/", found[1]).href;
  }

  async api(address) {
    const response = await fetch(`${this.url}api/v1/${address}`);
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return response.json();
  }

  /** As a service manager does; it must end well. */
  async stop() {
    this.process.kill("SIGTERM");
    const how = await this.ended;
    if (how !== 0) throw new Error(`the exporter ended with ${how}:\n${this.log}`);
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
  }
}
