// The blind test: X is A or B, drawn anew for each of 16 answers. All three play from the same place.
"use strict";
const TRIALS = 16;

/** Chance of at least `right` of `n` by guessing. */
function luck(right, n) {
  let sum = 0;
  for (let k = right, ways = choose(n, right); k <= n; ways = (ways * (n - k)) / (k + 1), k++) sum += ways;
  return sum / 2 ** n;
}

function choose(n, k) {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

for (const audio of document.querySelectorAll("audio")) {
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
}

for (const section of document.querySelectorAll("section")) {
  const audio = Object.fromEntries([...section.querySelectorAll("audio")].map((a) => [a.dataset.letter, a]));
  const output = section.querySelector("output");
  let x, right, done;

  const draw = () => { x = Math.random() < 0.5 ? "A" : "B"; };
  const restart = () => { right = done = 0; output.textContent = `0 of ${TRIALS}`; draw(); };

  for (const button of section.querySelectorAll("[data-play]")) {
    button.addEventListener("click", () => {
      const letter = button.dataset.play;
      const wanted = audio[letter === "X" ? x : letter];
      const playing = Object.values(audio).find((a) => !a.paused);
      wanted.currentTime = playing ? playing.currentTime : 0;
      wanted.play();
      for (const other of section.querySelectorAll("[data-play]")) other.classList.toggle("on", other === button);
    });
  }
  for (const button of section.querySelectorAll("[data-answer]")) {
    button.addEventListener("click", () => {
      if (done === TRIALS) restart();
      right += button.dataset.answer === x ? 1 : 0;
      done += 1;
      const p = luck(right, done);
      output.textContent = done < TRIALS ? `${done} of ${TRIALS}`
        : `${right} of ${TRIALS} right: ${p < 0.05 ? "you hear it" : "could be luck"} (p = ${p.toFixed(3)})`;
      draw();
    });
  }
  restart();
}
