/**
 * Shows what this browser lacks. The page cannot work without it, and without a word a box would seem broken.
 *
 * It is a classic script in old JavaScript, so that a browser without modules can run it.
 */
(function () {
  "use strict";
  var missing = [];
  if (!("noModule" in document.createElement("script"))) missing.push("JavaScript modules");
  if (!window.RTCPeerConnection) missing.push("WebRTC (it may be switched off)");
  if (!window.WebSocket) missing.push("WebSocket");
  if (!window.PointerEvent) missing.push("pointer events");
  if (!window.ResizeObserver) missing.push("ResizeObserver");

  function say(text) {
    document.getElementById("unable-text").textContent = text;
    document.getElementById("unable").hidden = false;
  }

  if (missing.length > 0) {
    say("It lacks: " + missing.join(", ") + ". A current Firefox, Chrome, Edge or Safari has all of this.");
  }
  window.addEventListener("load", function () {
    if (window.formant || missing.length > 0) return;
    say("The page could not start. Reload it; if that does not help, use a current Firefox, Chrome, Edge or Safari.");
  });
})();
