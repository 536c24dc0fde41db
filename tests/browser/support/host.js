// A proc tree of thousands of processes, made of one that lies in tests/fixtures, which changes as a
// test says.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import {REPOSITORY} from "./exporter.js";

const LIKE = 500;  // a Node.js service
const EXECUTABLES = ["nginx", "postgres", "redis-server", "haproxy", "billing", "search", "mailer", "cron"];
const MIB_KB = 1024;

export class Host {
  constructor() {
    this.root = fs.mkdtempSync(path.join(os.tmpdir(), "memleak-browser-"));
    fs.cpSync(path.join(REPOSITORY, "tests/fixtures/ordinary"), this.root, {recursive: true, verbatimSymlinks: true});
    this.stat = fs.readFileSync(this.#path(LIKE, "stat"), "utf-8");
    this.status = fs.readFileSync(this.#path(LIKE, "status"), "utf-8");
  }

  get flags() {
    return [`--path.procfs=${this.root}/proc`, `--path.sysfs=${this.root}/sys`, `--path.rootfs=${this.root}`];
  }

  #path(...parts) {
    return path.join(this.root, "proc", ...parts.map(String));
  }

  /** One more, of so many MiB of anonymous memory. */
  add(pid, {comm, mib, exe = `/usr/bin/${comm}`, start = 300050}) {
    const directory = this.#path(`.${pid}.new`);
    fs.mkdirSync(directory);
    const stat = this.stat.replace(/^\d+ \(node\)/, () => `${pid} (${comm})`).replace(/ 300050 /, () => ` ${start} `);
    fs.writeFileSync(path.join(directory, "stat"), stat);
    fs.writeFileSync(path.join(directory, "status"), this.#statusOf(mib));
    fs.writeFileSync(path.join(directory, "cmdline"), `${exe}\0`);
    fs.linkSync(this.#path(LIKE, "limits"), path.join(directory, "limits"));
    fs.symlinkSync(this.#path(LIKE, "fd"), path.join(directory, "fd"));
    fs.symlinkSync(exe, path.join(directory, "exe"));
    fs.renameSync(directory, this.#path(pid));
  }

  #statusOf(mib) {
    const kb = Math.round(mib * MIB_KB);
    return this.status.replace(/^VmRSS:.*$/m, `VmRSS:\t${kb + 1024} kB`).replace(/^RssAnon:.*$/m, `RssAnon:\t${kb} kB`)
      .replace(/^RssFile:.*$/m, "RssFile:\t512 kB").replace(/^RssShmem:.*$/m, "RssShmem:\t512 kB");
  }

  /** Thousands, of all sizes from 1 MiB up, in a few groups. */
  addMany(count, first = 10000) {
    for (let i = 0; i < count; ++i) {
      this.add(first + i, {comm: EXECUTABLES[i % EXECUTABLES.length], mib: 1 + ((i * 7919) % 5003) / 25, start: 300050 + i});
    }
  }

  /** How long it is up, in seconds; its clock stands still otherwise. */
  set uptime(seconds) {
    this.#write(["uptime"], `${seconds.toFixed(2)} ${seconds.toFixed(2)}\n`);
  }

  /** Where its clock is right now when it is up for `seconds`; for before the exporter starts. */
  set upNow(seconds) {
    const text = fs.readFileSync(this.#path("stat"), "utf-8");
    this.#write(["stat"], text.replace(/^btime .*$/m, `btime ${Math.round(Date.now() / 1000 - seconds)}`));
  }

  set name(name) {
    fs.mkdirSync(this.#path("sys/kernel"), {recursive: true});
    fs.writeFileSync(this.#path("sys/kernel/hostname"), `${name}\n`);
  }

  set available(mib) {
    const text = fs.readFileSync(this.#path("meminfo"), "utf-8");
    this.#write(["meminfo"], text.replace(/^MemAvailable:.*$/m, `MemAvailable: ${Math.round(mib * MIB_KB)} kB`));
  }

  #write(name, text) {
    const file = this.#path(...name);
    fs.writeFileSync(`${file}.new`, text);
    fs.renameSync(`${file}.new`, file);
  }

  resize(pid, mib) {
    this.#write([pid, "status"], this.#statusOf(mib));
  }

  end(pid) {
    fs.renameSync(this.#path(pid), this.#path(`.gone-${pid}`));
  }

  kernelLog(text) {
    fs.mkdirSync(path.join(this.root, "dev"), {recursive: true});
    fs.writeFileSync(path.join(this.root, "dev/kmsg"), text);
  }

  remove() {
    fs.rmSync(this.root, {recursive: true});
  }
}
