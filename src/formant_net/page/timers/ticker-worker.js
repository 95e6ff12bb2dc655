/** Timers in a worker: browsers slow the timers of a hidden page down to one a minute, but not these. */
/** @type {Map<number, number>} */
const timers = new Map();

self.onmessage = ({ data: { id, ms } }) => {
  clearInterval(timers.get(id));
  timers.delete(id);
  if (ms > 0) timers.set(id, setInterval(() => self.postMessage(id), ms));
};
