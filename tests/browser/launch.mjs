// Chromium as all checks start it.
import { chromium } from 'playwright-core';

/** `file`: the browser's program; default: the variable CHROMIUM, then /usr/bin/chromium. */
export const launch = (file) => chromium.launch({
  executablePath: file ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's own sandbox does not start as root, as which test machines run.
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});
