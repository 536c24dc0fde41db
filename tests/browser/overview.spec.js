// The page of a host of 5,000 processes: what it costs, and how it is used.
import path from "node:path";

import {Exporter, REPOSITORY} from "./support/exporter.js";
import {expect, HOSTILE, kill, open, test} from "./support/fixtures.js";

const MIB = 1 << 20;
const rows = (page) => page.locator(".scroller .rows .row");
const cell = (row, name) => row.locator(`.c-${name}`);

/** What is in a column, from top to bottom of what is in the document. */
async function column(page, name) {
  const cells = await page.locator(`.rows .row`).evaluateAll((elements, cellName) => elements
    .map((element) => [new DOMMatrix(element.style.transform).f, element.querySelector(`.c-${cellName}`).textContent])
    .sort((a, b) => a[0] - b[0]).map(([, text]) => text), name);
  return cells;
}

test("first paint of 5,000 processes: few requests, less than a megabyte, few elements", async ({page, large}) => {
  await open(page, large.url);
  const seen = await page.evaluate(() => {
    const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
    const resources = performance.getEntriesByType("resource");
    return {
      paint: at("first-contentful-paint"), topTen: at("memleak:top-ten"), suspects: at("memleak:suspects"),
      everything: at("memleak:everything"),
      requests: resources.map(({name}) => new URL(name).pathname + new URL(name).search),
      api: resources.filter(({name}) => name.includes("/api/")).map(({encodedBodySize, decodedBodySize}) =>
        [encodedBodySize, decodedBodySize]),
      sent: resources.reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0),
      elements: document.querySelectorAll("*").length,
      rows: document.querySelectorAll(".rows .row").length,
    };
  });
  console.log(`first paint ${seen.paint?.toFixed(0)} ms, ten largest ${seen.topTen.toFixed(0)} ms, suspects ${
    seen.suspects.toFixed(0)} ms, all 5,000 rows ${seen.everything.toFixed(0)} ms; ${seen.requests.length} requests, ${
    (seen.sent / MIB).toFixed(2)} MiB, ${seen.elements} elements`);
  const api = seen.requests.filter((path) => path.startsWith("/api/"));
  expect(api.length).toBeLessThanOrEqual(11);
  expect(seen.requests.length - api.length).toBeLessThanOrEqual(26);
  for (const [encoded, decoded] of seen.api) {
    expect(encoded).toBeLessThan(1_000_000);
    if (decoded > 10_000) expect(encoded).toBeLessThan(decoded / 2);
  }
  expect(seen.sent).toBeLessThan(1_500_000);
  expect(seen.rows).toBeGreaterThan(10);
  expect(seen.rows).toBeLessThan(80);
  expect(seen.elements).toBeLessThan(3000);
});

test("the node, the ten largest and the way to a verdict are on top", async ({page, large}) => {
  await open(page, large.url);
  await expect(page.locator(".node")).toContainText("Memory available");
  const top = page.locator(".top-ten tbody tr");
  await expect(top).toHaveCount(10);
  const {processes} = await large.exporter.api("processes?limit=10");
  await expect(top.locator("td:first-child")).toHaveText(processes.map(({pid}) => String(pid)));
  await expect(top.nth(0)).toContainText("verdict");
  const order = await page.locator("main h2").allTextContents();
  expect(order.map((text) => text.trim())).toEqual(
    ["Largest processes", "Suspects", "Siblings side by side", "Everything on this host", "Recent OOM kills"]);
  await expect(page.locator(".none-yet")).toContainText("None yet");
  expect(await page.locator(".speeds tbody tr").count()).toBeGreaterThan(3);
});

test("sorting by every column, by mouse and by keyboard", async ({page, large}) => {
  await open(page, large.url);
  await expect(page.locator(".counted")).toHaveText(/^5,0\d\d processes$/);
  const header = (name) => page.locator(`.head .c-${name}`);
  await expect(header("resident_bytes")).toHaveAttribute("aria-sort", "descending");

  await header("pid").getByRole("button").click();
  await expect(header("pid")).toHaveAttribute("aria-sort", "descending");
  await expect(header("resident_bytes")).toHaveAttribute("aria-sort", "none");
  let pids = (await column(page, "pid")).map(Number);
  expect(pids).toEqual([...pids].sort((a, b) => b - a));
  expect(pids[0]).toBe(14999);

  await header("pid").getByRole("button").focus();
  await page.keyboard.press("Enter");
  await expect(header("pid")).toHaveAttribute("aria-sort", "ascending");
  pids = (await column(page, "pid")).map(Number);
  expect(pids[0]).toBe(1);
  expect(pids).toEqual([...pids].sort((a, b) => a - b));

  await header("name").getByRole("button").click();
  await expect(header("name")).toHaveAttribute("aria-sort", "ascending");
  const names = await column(page, "name");
  expect(names).toEqual([...names].sort());
  expect(new URL(page.url()).hash).toBe("#/processes?sort=name");
});

test("searching: the slash key, several words, Escape", async ({page, large}) => {
  await open(page, large.url);
  await page.locator("h2").first().click();
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox");
  await expect(search).toBeFocused();
  await page.keyboard.type("Postgres 10001");
  await expect(page.locator(".counted")).toHaveText(/^1 of 5,0\d\d processes$/);
  await expect(rows(page)).toHaveCount(1);
  await expect(cell(rows(page).first(), "pid")).toHaveText("10001");
  await page.keyboard.press("Escape");
  await expect(search).toHaveValue("");
  await page.keyboard.type("no such name");
  await expect(page.locator(".empty")).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  // What is asked for is in the address: it can be sent to a colleague.
  await page.reload();
  await expect(page.getByRole("searchbox")).toHaveValue("no such name");
});

test("rows are reached, walked and opened by keyboard, and the way back leads to the same place", async ({page, large}) => {
  await open(page, large.url);
  await page.keyboard.press("/");
  await page.keyboard.press("Enter");
  const first = (await column(page, "pid"))[0];
  await expect(page.locator(".rows a:focus")).toHaveAttribute("href", `#/process/${first}`);
  // Only one row is on the way of the Tab key.
  await expect(page.locator('.rows a[tabindex="0"]')).toHaveCount(1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowUp");
  const focused = await page.locator(".rows a:focus").getAttribute("href");
  expect(focused).not.toBe(`#/process/${first}`);
  await page.keyboard.press("End");
  const last = page.locator(".rows .row:has(a:focus)");
  const total = Number(await page.locator(".table").getAttribute("aria-rowcount"));
  await expect(last).toHaveAttribute("aria-rowindex", String(total));
  await page.keyboard.press("Home");
  await expect(page.locator(".rows .row:has(a:focus)")).toHaveAttribute("aria-rowindex", "2");
  await page.keyboard.press("PageDown");
  const left = await page.locator(".scroller").evaluate((element) => element.scrollTop);
  const chosen = await page.locator(".rows a:focus").getAttribute("href");
  await page.keyboard.press("Enter");
  await expect(page.locator("h1")).toContainText(`pid ${chosen.split("/").at(-1)}`);
  await expect(page.locator("h1")).toBeFocused();
  await page.goBack();
  await expect(page.locator(".scroller")).toBeVisible();
  expect(await page.locator(".scroller").evaluate((element) => element.scrollTop)).toBe(left);
});

test("all rows can be scrolled through, and only those in sight are in the document", async ({page, large}) => {
  await open(page, large.url);
  await page.locator(".head .c-pid button").click();
  const scrolled = await page.locator(".scroller").evaluate(async (element) => {
    const pids = new Set();
    let most = 0;
    let slowest = 0;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let top = 0; top < element.scrollHeight; top += element.clientHeight / 2) {
      const begun = performance.now();
      element.scrollTop = top;
      await frame();
      await frame();
      slowest = Math.max(slowest, performance.now() - begun);
      const shown = [...element.querySelectorAll(".rows .row")];
      most = Math.max(most, shown.length);
      for (const row of shown) pids.add(row.querySelector(".c-pid").textContent);
    }
    return {seen: pids.size, most, slowest};
  });
  console.log(`scrolling through all rows: ${scrolled.most} rows at most in the document, the slowest two frames took ${
    scrolled.slowest.toFixed(0)} ms`);
  const {total} = await large.exporter.api("processes?limit=1");
  expect(scrolled.seen).toBe(total);
  expect(scrolled.most).toBeLessThan(80);
});

test("groups and containers have tables of their own", async ({page, large}) => {
  await open(page, large.url);
  const wanted = page.waitForResponse(/api\/v1\/groups\?/);
  await page.getByRole("navigation", {name: "What to list"}).getByRole("link", {name: "Groups"}).click();
  await wanted;
  await expect(page.locator(".counted")).toHaveText(/ groups$/);
  await expect(rows(page).filter({hasText: "nginx"})).toHaveCount(1);
  // A group leads to its processes.
  await rows(page).filter({hasText: "postgres"}).getByRole("link").click();
  await expect(page.locator(".counted")).toHaveText(/^625 of 5,0\d\d processes$/);
  await page.getByRole("link", {name: "Containers"}).click();
  await expect(page.locator(".counted")).toHaveText(/ containers?$/);
});

test("histories are asked for what is in sight only", async ({page, large}) => {
  const asked = [];
  page.on("request", (request) => {
    const {pathname, searchParams} = new URL(request.url());
    if (pathname === "/api/v1/processes" && searchParams.has("pid")) asked.push(searchParams.getAll("pid").length);
  });
  await open(page, large.url);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  for (const count of asked) expect(count).toBeLessThan(60);
});

test("names from the host are text", async ({page, large}) => {
  await open(page, `${large.url}#/processes?search=7777`);
  await expect(rows(page)).toHaveCount(1);
  await expect(cell(rows(page).first(), "name")).toHaveText(HOSTILE);
  await expect(cell(rows(page).first(), "group")).toContainText("<img src=x onerror");
  await expect(page.locator(".top-ten")).toContainText(HOSTILE);
  await expect(page.locator("#oom")).toContainText(HOSTILE);
  await expect(page.locator("#oom")).toContainText("cgroup /a<img src=x");
  await page.goto(`${large.url}#/process/7777`);
  await expect(page.locator("h1")).toContainText(HOSTILE);
  await expect(page.locator(".facts")).toContainText(`/opt/${HOSTILE}`);
  await expect(page.locator("main img")).toHaveCount(0);
  // `page` fails on dialogs, on foreign requests and on violations of the policy.
});

test("the host of all hostile names is shown whole", async ({page}) => {
  const root = path.join(REPOSITORY, "tests/fixtures/hostile");
  const exporter = await Exporter.start(`--path.procfs=${root}/proc`, `--path.rootfs=${root}`);
  try {
    await open(page, exporter.url);
    const {processes} = await exporter.api("processes");
    expect(processes.length).toBeGreaterThan(8);
    await expect(rows(page)).toHaveCount(processes.length);
    await expect(page.locator(".scroller")).toContainText("<script>");
    // None of what the page itself never makes.
    await expect(page.locator("main").locator("img, script, iframe, object, style, form, td b, .row b")).toHaveCount(0);
    for (const {pid} of processes) {
      await page.goto(`${exporter.url}#/process/${pid}`);
      await expect(page.locator("h1")).toContainText(`(pid ${pid})`);
    }
    // A control character does nothing here, either.
    expect(await page.locator("main").innerText()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
    await exporter.stop();
  } finally {
    await exporter.kill();
  }
});

test("OOM kills: the newest first, and no more than a screen", async ({page, small}) => {
  small.host.kernelLog(Array.from({length: 30}, (_, i) => kill(`worker-${i}`, {sequence: 10 * i, seconds: 100 + i, pid: 1000 + i})).join(""));
  await open(page, (await small.start()).url);
  const kills = page.locator("#oom tbody tr");
  await expect(kills).toHaveCount(20);
  await expect(kills.first()).toContainText("worker-29");
  await expect(kills.last()).toContainText("worker-10");
  await expect(kills.first()).toContainText("512 MiB");
  await expect(page.locator("#oom")).toContainText("and 10 before them");
  await expect(page.locator(".item").filter({hasText: "Last OOM kill"})).toContainText("worker-29");
});

test("a word where there are no OOM kills", async ({page, small}) => {
  small.host.kernelLog("6,1,5000000,-;Linux version 6.1.0\n");
  await open(page, (await small.start()).url);
  await expect(page.locator("#oom")).toContainText("None since boot");
});

test("no more than the screen is wide, from 320 pixels on", async ({page, large}) => {
  for (const width of [320, 390, 768, 1024, 1440]) {
    await page.setViewportSize({width, height: 800});
    for (const hash of ["", "#/groups", "#/process/7777"]) {
      await page.goto("about:blank");
      await introduced(page, large.url + hash);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${hash} at ${width}`).toBe(width);
    }
    if (width < 1100) {
      // Blocks instead of rows: every figure is there, with its name, within the screen.
      await page.goto(`${large.url}#/processes`);
      const row = rows(page).first();
      await expect(row).toBeVisible();
      const outside = await row.evaluate((element) => {
        const {left, right, bottom} = element.getBoundingClientRect();
        return [...element.children].filter((child) => {
          const box = child.getBoundingClientRect();
          return box.left < left - 1 || box.right > right + 1 || box.bottom > bottom + 1;
        }).map((child) => child.className);
      });
      expect(outside, `cells outside of their row at ${width}`).toEqual([]);
    }
  }
});

async function introduced(page, url) {
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("#version")?.textContent);
}
