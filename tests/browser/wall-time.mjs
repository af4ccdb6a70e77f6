// Dates and clock times of zones, computed with the engine's own knowledge of them. Dates are "2027-03-28".

const MINUTE = 60_000;
const DAY = 86_400_000;

/** The wall time of an instant in a zone, read as if it were UTC. */
function wallTime(instant, zone) {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
  const { year, month, day, hour, minute } = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
}

export const dateIn = (instant, zone) => new Date(wallTime(instant, zone)).toISOString().slice(0, 10);

/** "09:30". */
export const clock = (instant, zone) => new Date(wallTime(instant, zone)).toISOString().slice(11, 16);

/** The instant at which clocks of a zone show this; none of the times asked for may be skipped or come twice. */
export function instantOf(date, time, zone) {
  const wanted = Date.parse(`${date}T${time}:00Z`);
  let instant = wanted;
  for (let step = 0; step < 2; step += 1) instant += wanted - wallTime(instant, zone);
  return instant;
}

export const plus = (date, days) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

/** "mon" to "sun". */
export const weekday = (date) => ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][new Date(date).getUTCDay()];

/** The nearest date of this weekday, `step` days further each time: 1 looks ahead, -1 back. */
export function nearest(date, day, step) {
  let found = plus(date, step);
  while (weekday(found) !== day) found = plus(found, step);
  return found;
}

/** The first date from `from` on, within so many days, on which the clocks of a zone change. */
export function changeOf(zone, from, days) {
  const offset = (date) => instantOf(date, '12:00', zone) - Date.parse(`${date}T12:00:00Z`);
  for (let date = plus(from, 1); date <= plus(from, days); date = plus(date, 1)) {
    if (Math.abs(offset(date) - offset(plus(date, -1))) >= 30 * MINUTE) return date;
  }
  return undefined;
}
