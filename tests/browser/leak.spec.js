// Real processes of this machine, one of which leaks: from the first look to the verdict.
import {expect, open, test} from "./support/fixtures.js";

const FOUND_MS = 180_000;

test("a leaking program becomes a suspect, and its plot rises", async ({page, live}) => {
  await open(page, live.url);
  const card = page.locator(".card").filter({hasText: live.name});
  await expect(card).toHaveCount(1, {timeout: FOUND_MS});
  await expect(card.locator(".chip")).toContainText("leaks memory");
  await expect(card.locator("h3")).toContainText(`pid ${live.leaking}`);
  await expect(card.locator(".headline")).toContainText(/growth/);
  expect(await card.locator(".reasons li").count()).toBeGreaterThan(1);

  // The line ends higher than it begins, which is smaller in SVG, and a trend goes with it.
  const line = card.locator('.line[data-tone="leak"]').first();
  const heights = async (one) => (await one.getAttribute("points")).split(" ").map((point) => Number(point.split(",")[1]));
  const [first, last] = await heights(line).then((all) => [all[0], all.at(-1)]);
  expect(last).toBeLessThan(first - 30);
  const trend = await heights(card.locator('.line[data-tone="trend"]').first());
  expect(trend.at(-1)).toBeLessThan(trend[0]);
  await expect(card.locator("svg[role=img]").first()).toHaveAttribute("aria-label", /^memory: from .* to /);

  const before = await card.locator("svg[role=img]").first().getAttribute("aria-label");
  await expect(card.locator("svg[role=img]").first()).not.toHaveAttribute("aria-label", before);
});

test("what was read of it, and the next command, which can be copied", async ({page, live, context}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, live.url);
  const card = page.locator(".card").filter({hasText: live.name});
  await expect(card).toHaveCount(1, {timeout: FOUND_MS});
  await expect(card.locator(".evidence")).toBeVisible({timeout: FOUND_MS});
  await expect(card.locator(".breakdown").first()).toContainText(/heap|anonymous/);
  const command = await card.locator("code").first().textContent();
  expect(command).toContain(String(live.leaking));
  await card.getByRole("button", {name: "Copy"}).first().click();
  await expect(card.getByRole("button", {name: "Copied"})).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
});

test("it stands out among its siblings", async ({page, live}) => {
  await open(page, live.url);
  const family = page.locator(".family").filter({hasText: live.name});
  await expect(family).toBeVisible({timeout: FOUND_MS});
  await expect(family.locator(".bars li")).toHaveCount(3);
  await expect(family.locator(".bars li").first()).toContainText(String(live.leaking));
  await expect(family).toContainText(/times the median/);
});

test("the page of the process: status explained, regions, plots, siblings", async ({page, live}) => {
  await open(page, live.url);
  const card = page.locator(".card").filter({hasText: live.name});
  await expect(card).toHaveCount(1, {timeout: FOUND_MS});
  await card.locator("h3 a").click();
  await expect(page.locator("h1")).toHaveText(`${live.name.slice(0, 15)} (pid ${live.leaking})`);

  const {process} = await live.exporter.api(`processes/${live.leaking}`);
  const lines = page.locator(".status tbody tr");
  await expect(lines).toHaveCount(Object.keys(process.status).length);
  for (const line of await lines.all()) await expect(line.locator("td").last()).not.toBeEmpty();
  await expect(page.locator('tr[data-line="RssAnon"]')).toHaveClass(/largest/);

  const regions = page.locator(".regions tbody tr");
  await expect(regions).toHaveCount(10);
  await expect(regions.first()).toContainText(/^[0-9a-f]+-[0-9a-f]+rw-p0x0/);
  const sizes = (await live.exporter.api(`processes/${live.leaking}`)).process.regions.map((one) => one.resident_bytes);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));

  await expect(page.locator(".stack .area").first()).toBeVisible();
  for (const title of ["Memory by kind", "Descriptors", "CPUs used", "Threads"]) {
    await expect(page.locator("#kinds-title ~ .charts figure").filter({hasText: title}).locator("svg")).toBeVisible();
  }
  await expect(page.locator(".bars li")).toHaveCount(3);
  await expect(page.locator(".bars a[aria-current]")).toHaveText(String(live.leaking));
  await expect(page.locator(".verdicts .chip").first()).toContainText("leaking");
});

test("the overview of a leaking host", async ({page, live}) => {
  await open(page, live.url);
  await expect(page.locator(".card").filter({hasText: live.name})).toHaveCount(1, {timeout: FOUND_MS});
  await expect(page.locator(".node")).toContainText("Suspects");
  await expect(page.locator('.item[data-tone="leak"]').filter({hasText: "Suspects"})).toBeVisible();
});
