// What every test has: a page that may talk to the exporter only and has nothing to complain of, and the
// hosts that are looked at.
import {test as base, expect} from "@playwright/test";

import {Exporter} from "./exporter.js";
import {Host} from "./host.js";
import {Programs} from "./programs.js";

export {expect};

const PROCESSES = 5000;
const LEAK_PER_SECOND = 1 << 20;
// A slot of a second instead of a minute: what takes a service an hour takes a minute here.
const QUICK = ["--trend.slot=1s", "--process.min-rss=0", "--process.min-age=0s"];
// The figures of a proc tree that lies on a disk change by hand only.
const STILL = ["--trend.interval=2s", "--scrape.min-interval=1s"];

export const HOSTILE = "<img src=x onerror=alert(1)>";

export const test = base.extend({
  /** Tests that break something on purpose say what the console may tell of it. */
  allowed: [null, {option: true}],

  // What is in `small` outlives the page: an exporter that ends is something to complain of.
  page: async ({page, allowed, small}, use) => {
    const complaints = [];
    const origins = new Set();
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (!allowed?.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    // Everything but the exporter is out of reach, and noted.
    await page.route(() => true, (route) => {
      const {origin, protocol} = new URL(route.request().url());
      origins.add(protocol === "data:" || protocol === "blob:" ? protocol : origin);
      return /^http:\/\/(127\.0\.0\.1|localhost):/.test(route.request().url()) ? route.continue() : route.abort();
    });
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    await use(page);
    const violations = await page.evaluate(() => window.violations).catch(() => []);
    expect(violations ?? [], "violations of the Content-Security-Policy").toEqual([]);
    expect(complaints, "console errors").toEqual([]);
    const at = new URL(page.url()).origin;
    expect([...origins].filter((origin) => origin !== at), "requests that leave the origin").toEqual([]);
  },

  /** This machine, with a program that leaks and two of its siblings that do not. */
  live: [async ({}, use) => {
    const programs = new Programs();
    let exporter;
    try {
      exporter = await Exporter.start(...QUICK);
      const name = `leaky-${process.pid}`;
      const leaking = programs.start("requests", name, "leak", 20, LEAK_PER_SECOND / 20);
      for (const keys of [8, 12]) programs.start("requests", name, "cache", 20, 1 << 18, keys);
      await use({exporter, name, leaking, url: exporter.url});
      await exporter.stop();
    } finally {
      await exporter?.kill();
      await programs.end();
    }
  }, {scope: "worker", auto: true}],

  /** 5,000 processes that lie on a disk, one of them with a hostile name. */
  large: [async ({}, use) => {
    const host = new Host();
    let exporter;
    try {
      host.addMany(PROCESSES);
      host.add(7777, {comm: HOSTILE, mib: 900, exe: `/opt/${HOSTILE}`});
      host.kernelLog(kill(HOSTILE, {cgroup: `/a${HOSTILE}`}));
      exporter = await Exporter.start(...host.flags, ...STILL);
      await use({exporter, host, url: exporter.url});
      await exporter.stop();
    } finally {
      await exporter?.kill();
      host.remove();
    }
  }, {scope: "worker"}],

  /** One of a few processes, for a test that changes what it likes. */
  small: async ({}, use) => {
    const host = new Host();
    const exporters = [];
    try {
      host.addMany(60);
      await use({host, start: async (...flags) => {
        const given = new Set(flags.map((flag) => flag.split("=")[0]));
        exporters.push(await Exporter.start(
          ...host.flags, ...STILL.filter((flag) => !given.has(flag.split("=")[0])), ...flags));
        return exporters.at(-1);
      }});
    } finally {
      for (const exporter of exporters) await exporter.kill();
      host.remove();
    }
  },
});

/** A kill as the kernel's log tells it. */
export function kill(comm, {sequence = 1, seconds = 100, pid = 4711, cgroup = "/system.slice/api.service"} = {}) {
  const line = (number, text) => `6,${number},${seconds * 1_000_000},-;${text}\n`;
  return line(sequence, "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," +
      `oom_memcg=${cgroup},task_memcg=${cgroup},task=${comm},pid=${pid},uid=33`) +
    line(sequence + 1, `Memory cgroup out of memory: Killed process ${pid} (${comm}) total-vm:900000kB, ` +
      "anon-rss:524288kB, file-rss:12kB, shmem-rss:0kB, UID:33 pgtables:108kB oom_score_adj:0");
}

/** The page is there, and has shown everything once. */
export async function open(page, url, hash = "") {
  await page.goto(url + hash);
  await page.waitForFunction(() => performance.getEntriesByName("memleak:everything").length > 0, undefined,
    {timeout: 60_000});
}
