/* The trained nets, one character at a time, in plain JavaScript: no library, nothing is fetched here.
   A classic script, so that a book opened from a disk can load it too; it defines `nets`.

   const model = nets.createModel(weights, meta);      // an ArrayBuffer of float16 and its description,
                                                  // both from lesson.nets.binary(name)
   let state = model.start();                     // before the first character
   for (const c of "It is") {
     const seen = model.step(state, model.alphabet.indexOf(c));
     seen.probs                                   // Float32Array: the probability of each next character
     seen.heads                                   // [block][head]: Float32Array, attention to each of the last characters, oldest first
     seen.units                                   // {name: Float32Array}: states and gates, named as in lesson.nets
     state = seen.state;
   }
   model.bytes(state)                             // how much is kept, were it stored as float32

   A state never changes: keep that of every prefix, and a deleted character costs nothing. */

globalThis.nets = (() => {
  "use strict";

  function createModel(weights, meta) {
    const p = unpack(weights, meta);
    const body = { rnn, lstm, blocks }[meta.kind](p, meta);
    return {
      alphabet: meta.alphabet,
      start: body.start,
      bytes: (state) => 4 * size(state),
      step(state, index) {
        if (!Number.isInteger(index) || index < 0 || index >= meta.alphabet.length) {
          throw new RangeError(`There is no character number ${index}.`);
        }
        const d = meta.d;
        const { y, state: next, heads = [], units } = body.step(p.E.subarray(index * d, (index + 1) * d), state);
        return { probs: softmax(affine(y, p.W_out, p.b_out)), state: next, heads, units };
      },
    };
  }

  /* float16 to one Float32Array for each named array, in the order of meta.layout: [[name, length], …] */
  function unpack(weights, meta) {
    const p = {};
    const view = new DataView(weights);
    let at = 0;
    for (const [name, length] of meta.layout) {
      p[name] = Float32Array.from({ length }, (_, k) => half(view.getUint16(2 * (at + k), true)));
      at += length;
    }
    if (2 * at !== weights.byteLength) throw new RangeError("The weights do not belong to this description.");
    return p;
  }

  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  /* x W + b; W has one row for each number of x */
  function affine(x, W, b) {
    const n = W.length / x.length;
    const y = b ? Float32Array.from(b) : new Float32Array(n);
    for (let i = 0, at = 0; i < x.length; i++, at += n) {
      const v = x[i];
      if (v !== 0) for (let j = 0; j < n; j++) y[j] += v * W[at + j];
    }
    return y;
  }

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  const add = (x, y) => x.map((v, j) => v + y[j]);

  function softmax(z) {
    const top = z.reduce((a, b) => Math.max(a, b));
    const e = z.map((v) => Math.exp(v - top));
    const total = e.reduce((a, b) => a + b);
    return e.map((v) => v / total);
  }

  function layerNorm(x, gain, bias) {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
    const scale = Math.sqrt(variance + 1e-5);
    return x.map((v, j) => ((v - mean) / scale) * gain[j] + bias[j]);
  }

  /* how many numbers a state holds, however it is nested */
  function size(state) {
    if (state instanceof Float32Array) return state.length;
    if (typeof state === "number") return 0; // a count, not what was read
    return Object.values(state).reduce((sum, part) => sum + size(part), 0);
  }

  function rnn(p, { H }) {
    return {
      start: () => new Float32Array(H),
      step(x, before) {
        const z = add(affine(x, p.W_xh, p.b), affine(before, p.W_hh));
        const h = z.map(Math.tanh);
        return { y: h, state: h, units: { h } };
      },
    };
  }

  function lstm(p, { H }) {
    return {
      start: () => ({ h: new Float32Array(H), c: new Float32Array(H) }),
      step(x, before) {
        const z = add(affine(x, p.W_xh, p.b), affine(before.h, p.W_hh));
        const part = (k, squash) => z.slice(k * H, (k + 1) * H).map(squash);
        const i = part(0, sigmoid), f = part(1, sigmoid), g = part(2, Math.tanh), o = part(3, sigmoid);
        const c = before.c.map((v, j) => f[j] * v + i[j] * g[j]);
        const h = c.map((v, j) => o[j] * Math.tanh(v));
        return { y: h, state: { h, c }, units: { h, c, i, f, g, o } };
      },
    };
  }

  /* The pre-norm block, once for each of meta.mixers. */
  function blocks(p, meta) {
    const mixers = meta.mixers.map((kind, k) => ({ attention, gated })[kind](p, `${k}.`, meta));
    return {
      start: () => mixers.map((mixer) => mixer.start()),
      step(x, before) {
        const state = [], heads = [];
        let units = {};
        mixers.forEach((mixer, k) => {
          const own = (name) => p[`${k}.${name}`];
          const mixed = mixer.step(layerNorm(x, own("ln1_g"), own("ln1_b")), before[k]);
          x = add(x, mixed.y);
          const hidden = affine(layerNorm(x, own("ln2_g"), own("ln2_b")), own("W_1"), own("b_1"));
          x = add(x, affine(hidden.map((v) => Math.max(v, 0)), own("W_2"), own("b_2")));
          state.push(mixed.state);
          if (mixed.heads) heads.push(mixed.heads);
          units = { ...units, ...mixed.units };
        });
        return { y: layerNorm(x, p.ln_g, p.ln_b), state, heads, units };
      },
    };
  }

  /* h = a h + sqrt(1 - a²) v, then times an output gate */
  function gated(p, name, { d }) {
    return {
      start: () => new Float32Array(d),
      step(x, before) {
        const a = affine(x, p[`${name}W_a`], p[`${name}b_a`]).map(sigmoid);
        const v = affine(x, p[`${name}W_v`]);
        const gate = affine(x, p[`${name}W_g`]).map(sigmoid);
        const h = before.map((u, j) => a[j] * u + Math.sqrt(Math.max(1 - a[j] * a[j], 1e-7)) * v[j]);
        const y = affine(h.map((u, j) => u * gate[j]), p[`${name}W_o`]);
        return { y, state: h, units: { [`${name}h`]: h, [`${name}a`]: a, [`${name}gate`]: gate } };
      },
    };
  }

  /* Causal attention over the last `window` keys and values (null: all), with rotary positions. */
  function attention(p, name, { d, n_heads, window }) {
    const dk = d / n_heads;
    const middle = dk / 2;

    function rotate(x, place) {
      const y = new Float32Array(d);
      for (let start = 0; start < d; start += dk) {
        for (let j = 0; j < middle; j++) {
          const angle = place * 10000 ** (-j / middle);
          const cos = Math.cos(angle), sin = Math.sin(angle);
          const one = x[start + j], two = x[start + middle + j];
          y[start + j] = one * cos - two * sin;
          y[start + middle + j] = one * sin + two * cos;
        }
      }
      return y;
    }

    return {
      start: () => ({ place: 0, keys: [], values: [] }),
      step(x, before) {
        const place = before.place;
        const kept = (list, last) => (window ? [...list.slice(1 - window), last] : [...list, last]);
        const q = rotate(affine(x, p[`${name}W_q`]), place);
        const keys = kept(before.keys, rotate(affine(x, p[`${name}W_k`]), place));
        const values = kept(before.values, affine(x, p[`${name}W_v`]));
        const out = new Float32Array(d);
        const heads = [];
        for (let start = 0; start < d; start += dk) {
          const scores = new Float32Array(keys.length);
          keys.forEach((key, t) => {
            let sum = 0;
            for (let j = start; j < start + dk; j++) sum += q[j] * key[j];
            scores[t] = sum / Math.sqrt(dk);
          });
          const shares = softmax(scores);
          values.forEach((value, t) => {
            for (let j = start; j < start + dk; j++) out[j] += shares[t] * value[j];
          });
          heads.push(shares);
        }
        return { y: affine(out, p[`${name}W_o`]), state: { place: place + 1, keys, values }, heads, units: {} };
      },
    };
  }

  return { createModel };
})();
