// Debian's Chromium is driven; no browser is ever downloaded. Everything on loopback.
import {defineConfig} from "@playwright/test";

const results = process.env.MEMLEAK_RESULTS ?? "results";

export default defineConfig({
  testDir: ".",
  outputDir: `${results}/traces`,
  // One exporter, one browser and one set of programs: two cores are the least that is asked for.
  workers: 1,
  fullyParallel: false,
  timeout: 240_000,
  expect: {timeout: 20_000},
  forbidOnly: true,
  reporter: [["list"], ["junit", {outputFile: `${results}/browser.xml`}]],
  use: {
    browserName: "chromium",
    headless: true,
    viewport: {width: 1440, height: 900},
    timezoneId: "UTC",
    locale: "en-GB",
    trace: "off",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"],
    },
  },
});
