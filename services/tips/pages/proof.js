// Does the work that was asked for and sends the form again; without JavaScript the form says when to press instead.

const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The constants of SHA-256 (FIPS 180-4): the first 32 bits of the fractional parts of roots of the first primes.
for (let candidate = 2, found = 0; found < 64; candidate += 1) {
  let prime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) {
      prime = false;
    }
  }
  if (prime) {
    if (found < 8) {
      START[found] = (Math.sqrt(candidate) % 1) * 2 ** 32;
    }
    K[found] = (Math.cbrt(candidate) % 1) * 2 ** 32;
    found += 1;
  }
}

const turned = (word, by) => (word >>> by) | (word << (32 - by));

/** The first 32 bits of the SHA-256 of a text of plain characters. */
function firstBits(text) {
  const length = text.length;
  const words = new Uint32Array((((length + 8) >> 6) + 1) * 16);
  for (let at = 0; at < length; at += 1) {
    words[at >> 2] |= text.charCodeAt(at) << (24 - (at & 3) * 8);
  }
  words[length >> 2] |= 0x80 << (24 - (length & 3) * 8);
  words[words.length - 1] = length * 8;
  const state = Uint32Array.from(START);
  const w = new Uint32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    for (let at = 0; at < 64; at += 1) {
      if (at < 16) {
        w[at] = words[block + at];
      } else {
        const x = w[at - 15];
        const y = w[at - 2];
        w[at] =
          w[at - 16] +
          (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) +
          w[at - 7] +
          (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
      }
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let at = 0; at < 64; at += 1) {
      const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + K[at] + w[at]) | 0;
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => {
      state[at] += word;
    });
  }
  return state[0];
}

const proof = document.getElementById("proof");
const { challenge, bits, working } = proof.dataset;
let number = 0;

function work() {
  const until = performance.now() + 50; // the page stays usable
  while (performance.now() < until) {
    for (let tries = 0; tries < 50; tries += 1, number += 1) {
      if (firstBits(`${challenge}:${number}`) >>> (32 - bits) === 0) {
        proof.value = `${challenge}:${number}`;
        proof.form.submit();
        return;
      }
    }
  }
  setTimeout(work);
}

document.querySelector("[role=status]").textContent = working;
work();
