/** The number of a link in its description (`a=mid`): an answer names its offer (protocol/descriptions/mid.py). */

const MID = /^a=mid:(\S+)/m;

/** The `a=mid` of the first media section, or null. @param {string} sdp */
export const midOf = (sdp) => MID.exec(sdp)?.[1] ?? null;

/** The same description, of one media section, under another `a=mid`. @param {string} sdp @param {string} mid */
export const withMid = (sdp, mid) =>
  sdp.replace(/^a=mid:\S+/gm, `a=mid:${mid}`).replace(/^a=group:BUNDLE[ \t]+\S+/gm, `a=group:BUNDLE ${mid}`);
