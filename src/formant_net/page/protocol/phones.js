/** Phones: browsers that sing. Their ids begin so; protocol/standing.py says what follows from that. */

export const PHONE = "synth-web-";

/** @param {string} id of a synth */
export const isPhone = (id) => id.startsWith(PHONE);
