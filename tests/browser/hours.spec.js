// Hours of a host whose clock the test turns: a leak with a limit in sight, from the first look to the
// prediction. The pictures of the README are of this host.
import {expect, open, test} from "./support/fixtures.js";
import {picture} from "./support/pictures.js";

const LEAKING = 310;  // java, of docker
const MINUTE = 60;
const BEFORE = 86400;
const MINUTES = 300;
const TOTAL_MIB = 6000;

test("the trend goes on to the limit, and says when", async ({page, small}) => {
  test.setTimeout(200_000);
  const {host} = small;
  host.name = "worker-a17";
  host.upNow = BEFORE + MINUTES * MINUTE;
  const exporter = await small.start("--trend.interval=1h", "--scrape.min-interval=0s");
  for (let minute = 0; minute <= MINUTES; ++minute) {
    // A little restless, as programs are.
    const leaked = 9 * minute + 6 * Math.abs(Math.sin(minute * 1.7));
    host.uptime = BEFORE + minute * MINUTE;
    host.resize(LEAKING, 700 + leaked);
    host.available = TOTAL_MIB - 700 - leaked;
    const answer = await fetch(`${exporter.url}metrics`);
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
  }
  await page.setViewportSize({width: 1280, height: 900});
  await open(page, exporter.url);
  const card = page.locator(".card").filter({hasText: `pid ${LEAKING}`});
  await expect(card).toHaveCount(1);
  await expect(card.locator(".headline")).toContainText("until memory runs out");
  // Where the trend ends is the limit.
  const dot = card.locator('.dot[data-tone="limit"]');
  await expect(dot).toBeVisible();
  const level = Number(await card.locator('.level[data-tone="limit"]').first().getAttribute("y1"));
  expect(Math.abs(Number(await dot.getAttribute("cy")) - level)).toBeLessThan(0.6);
  const trend = (await card.locator('.line[data-tone="trend"]').getAttribute("points")).split(" ").at(-1).split(",").map(Number);
  expect(Math.abs(trend[1] - level)).toBeLessThan(0.6);
  await expect(card.locator("svg[role=img]")).toHaveAttribute("aria-label", /the limit is .*, reached in about /);
  // Its plot is read by pointer, too.
  await card.locator("svg[role=img]").hover();
  await expect(card.locator(".readout")).toHaveText(/ GiB at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  await page.mouse.move(0, 0);

  await page.emulateMedia({colorScheme: "dark"});
  await picture(page, "overview-dark", {width: 1280, height: 900});
  await page.emulateMedia({colorScheme: "light"});
  await page.goto(`${exporter.url}#/process/${LEAKING}`);
  await expect(page.locator(".status tbody tr").first()).toBeVisible();
  await picture(page, "process", {width: 1280, height: 900});
});
