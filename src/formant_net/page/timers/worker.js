/** Starts workers of this page's own files, under a policy that allows no others. */

/** @type {any} */
let policy = null;

/**
 * Start a worker. Throws where a worker may not start.
 * @param {string} url of a file of this page @param {WorkerOptions} [options]
 */
export function startWorker(url, options) {
  return new Worker(trusted(url), options);
}

/** Mark a URL as trusted, which the page's policy requires in browsers with Trusted Types. @param {string} url */
function trusted(url) {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return url;
  policy ??= types.createPolicy("formant-worker", { createScriptURL: (/** @type {string} */ own) => own });
  return policy.createScriptURL(url);
}
