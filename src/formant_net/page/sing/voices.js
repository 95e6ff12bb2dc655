/** How much one page sings. */

/** Voices of a page. Choirs sing with several for each finger. */
export const VOICES = 16;
