// What the refresh must keep, and what it says when it fails.
import {expect, open, test} from "./support/fixtures.js";


test("a refresh keeps scroll, sort, search, selection, focus and what is open", async ({page, small}) => {
  const {url} = await small.start();
  await page.setViewportSize({width: 1440, height: 600});
  await open(page, url);
  await page.locator(".head .c-pid button").click();
  await page.getByRole("searchbox").fill("100");
  await expect(page.locator(".counted")).toHaveText(/^6\d of /);
  await page.locator(".scroller").evaluate((element) => (element.scrollTop = 500));
  // Of the 25 rows above it some are out of sight: it is somewhere in the middle.
  const link = page.locator('.rows a[href="#/process/10034"]');
  await link.focus();
  await page.locator(".none-yet summary").evaluate((element) => element.click());
  const before = await page.evaluate(() => ({scroll: scrollY, table: document.querySelector(".scroller").scrollTop}));
  await page.evaluate(() => (window.marked = document.querySelector('.rows a[href="#/process/10034"]')));

  small.host.resize(10034, 777);
  const row = page.locator('.rows .row:has(a[href="#/process/10034"])');
  await expect(row.locator(".c-footprint_bytes")).toHaveText("777 MiB");

  expect(await page.evaluate(() => ({scroll: scrollY, table: document.querySelector(".scroller").scrollTop})))
    .toEqual(before);
  await expect(page.locator(".head .c-pid")).toHaveAttribute("aria-sort", "descending");
  await expect(page.getByRole("searchbox")).toHaveValue("100");
  await expect(link).toBeFocused();
  expect(await page.evaluate(() => document.activeElement === window.marked), "the very same element").toBe(true);
  await expect(page.locator(".none-yet details")).not.toHaveAttribute("open");

  // What is in focus ends: its neighbour has the focus, not the top of the page.
  const place = await page.locator(".rows .row:has(a:focus)").getAttribute("aria-rowindex");
  small.host.end(10034);
  await expect(link).toHaveCount(0);
  await expect(page.locator(".rows .row:has(a:focus)")).toHaveAttribute("aria-rowindex", place);
});

test("what has not changed is not sent again", async ({page, small}) => {
  const {url} = await small.start("--trend.interval=1h");
  const answers = [];
  page.on("response", (response) => {
    if (response.url().includes("/api/v1/node")) answers.push(response.status());
  });
  await page.clock.install();
  await page.goto(url);
  await expect(page.locator("#oom")).toContainText("kernel's log");
  await page.clock.fastForward(3_700_000);
  await expect.poll(() => answers.length).toBeGreaterThan(1);
  expect(answers[0]).toBe(200);
  expect(answers.slice(1)).toContain(304);
});

test("nothing is asked while the tab is hidden or the refresh is paused", async ({page, small}) => {
  const {url} = await small.start();
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/api/v1/node")));
  await page.clock.install();
  await page.goto(url);
  await expect(page.locator("#oom")).toContainText("kernel's log");
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, "hidden", {value, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

  await page.clock.fastForward(60_000);
  await expect.poll(() => asked, "it is live").toBeGreaterThan(1);
  await page.waitForLoadState("networkidle");
  await hide(true);
  let before = asked;
  for (let minute = 0; minute < 10; ++minute) await page.clock.fastForward(60_000);
  expect(asked).toBe(before);
  await hide(false);
  await expect.poll(() => asked, "at once when it is looked at again").toBeGreaterThan(before);

  await page.getByRole("button", {name: "Pause"}).click();
  await page.waitForLoadState("networkidle");
  before = asked;
  for (let minute = 0; minute < 10; ++minute) await page.clock.fastForward(60_000);
  expect(asked).toBe(before);
  await page.getByRole("button", {name: "Resume"}).click();
  await expect.poll(() => asked).toBeGreaterThan(before);
});

test.describe("without an exporter", () => {
  test.use({allowed: /Failed to load resource/});

  test("it says since when what is shown is old, and goes on when the exporter is back", async ({page, small}) => {
    const exporter = await small.start();
    await open(page, exporter.url);
    await exporter.kill();
    const failure = page.locator(".failure");
    await expect(failure).toContainText("Cannot refresh: the exporter does not answer.");
    await expect(failure).toContainText(/What you see is \d+ s old/);
    // What was there still is.
    await expect(page.locator(".top-ten tbody tr")).toHaveCount(10);
    await small.start(`--web.listen-address=${new URL(exporter.url).host}`);
    await expect(failure).toBeHidden();
  });
});

test.describe("a process", () => {
  // Chromium tells of every 404.
  test.use({allowed: /status of 404/});

  test("that ends while it is looked at", async ({page, small}) => {
    const {url} = await small.start();
    await page.goto(`${url}#/process/10003`);
    await expect(page.locator("h1")).toContainText("(pid 10003)");
    const size = await page.locator(".headline b").first().textContent();
    small.host.end(10003);
    await expect(page.locator(".notice")).toContainText("has ended");
    await expect(page.locator(".headline b").first()).toHaveText(size);
    await page.goto(`${url}#/process/4999`);
    await expect(page.locator(".notice")).toContainText("no process 4999");
  });
});
