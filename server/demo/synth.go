package demo

import "math"

// rate is the sample rate of everything here, in Hz.
const rate = 44100

// band mixes what is played into two channels of samples around 0.
type band struct {
	left, right []float32
	wet         float32 // how much of the room is heard, 0 to 1
	noise       uint32  // state of the noise generator
}

// perform plays a piece and returns interleaved 16-bit stereo.
func perform(play func(*band)) []int16 {
	b := &band{noise: 1, wet: 0.25}
	play(b)
	b.room()
	return b.master()
}

// reach makes the band at least n samples long.
func (b *band) reach(n int) {
	if more := n - len(b.left); more > 0 {
		b.left = append(b.left, make([]float32, more)...)
		b.right = append(b.right, make([]float32, more)...)
	}
}

// timbre is one instrument: a wave and how it swells and fades.
type timbre struct {
	wave    *[waveLen + 1]float32
	attack  float64 // s to full loudness
	decay   float64 // s to fall to 1/e of the way to sustain
	sustain float64 // 0 to 1
	release float64 // s to silence after the note
	detune  float64 // cents between its two strings
	gain    float64
}

const waveLen = 2048

// wave builds one period from the strengths of its harmonics.
func wave(harmonics ...float64) *[waveLen + 1]float32 {
	var w [waveLen + 1]float32
	for i := range w {
		var v float64
		for h, a := range harmonics {
			v += a * math.Sin(2*math.Pi*float64(h+1)*float64(i)/waveLen)
		}
		w[i] = float32(v)
	}
	return &w
}

// The instruments.
var (
	warmPad = timbre{wave(1, 0.5, 0.25, 0.12, 0.06), 0.8, 3, 0.8, 1.2, 9, 0.10}
	bell    = timbre{wave(1, 0, 0.4, 0, 0, 0.22, 0, 0, 0.1), 0.004, 0.7, 0, 0.4, 4, 0.20}
	piano   = timbre{wave(1, 0.6, 0.3, 0.2, 0.12, 0.08, 0.05, 0.03), 0.005, 0.9, 0.08, 0.35, 3, 0.26}
	pluck   = timbre{wave(1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08), 0.003, 0.22, 0, 0.12, 5, 0.20}
	bass    = timbre{wave(1, 0.45, 0.2, 0.08), 0.01, 0.5, 0.5, 0.1, 2, 0.30}
	reed    = timbre{wave(1, 0.1, 0.55, 0.08, 0.3, 0.05, 0.15), 0.06, 2, 0.75, 0.2, 6, 0.13}
)

// play sounds one note: at and length in seconds, pitch as a MIDI number,
// pan from -1 (left) to 1.
func (b *band) play(t timbre, at, length, pitch, loud, pan float64) {
	first, n := int(at*rate), int((length+t.release)*rate)
	b.reach(first + n)
	freq := 440 * math.Pow(2, (pitch-69)/12)
	spread := math.Pow(2, t.detune/2400)
	step1, step2 := freq*spread*waveLen/rate, freq/spread*waveLen/rate
	angle := (pan + 1) * math.Pi / 4
	l, r := float32(math.Cos(angle)*t.gain*loud), float32(math.Sin(angle)*t.gain*loud)
	attack, release := t.attack*rate, t.release*rate
	held := length * rate
	fall := math.Exp(-1 / (t.decay * rate))
	body := 1 - t.sustain
	p1, p2 := 0.0, waveLen/3.0
	for i := range n {
		x := float64(i)
		e := t.sustain + body
		if x < attack {
			e *= x / attack
		} else {
			body *= fall
		}
		if x > held {
			e *= max(0, 1-(x-held)/release)
		}
		s := (t.wave[int(p1)] + t.wave[int(p2)]) * float32(e) * 0.5
		b.left[first+i] += s * l
		b.right[first+i] += s * r
		if p1 += step1; p1 >= waveLen {
			p1 -= waveLen
		}
		if p2 += step2; p2 >= waveLen {
			p2 -= waveLen
		}
	}
}

// hiss returns the next sample of white noise, the same in every run.
func (b *band) hiss() float64 {
	b.noise ^= b.noise << 13
	b.noise ^= b.noise >> 17
	b.noise ^= b.noise << 5
	return float64(b.noise)/(1<<31) - 1
}

// kick, snare and hat sound the drums at a time in seconds.
func (b *band) kick(at, loud float64) {
	b.drum(at, 0.3, loud*0.55, 0, func(x float64) float64 {
		return math.Sin(2*math.Pi*(48*x+7*(1-math.Exp(-x*28)))) * math.Exp(-x*13)
	})
}

func (b *band) snare(at, loud float64) {
	b.drum(at, 0.22, loud*0.28, 0.1, func(x float64) float64 {
		return (0.8*b.hiss() + 0.6*math.Sin(2*math.Pi*185*x)) * math.Exp(-x*20)
	})
}

func (b *band) hat(at, loud float64) {
	var before float64
	b.drum(at, 0.06, loud*0.14, -0.25, func(x float64) float64 {
		n := b.hiss()
		s := n - before // the difference keeps the high part
		before = n
		return s * math.Exp(-x*75)
	})
}

func (b *band) drum(at, length, loud, pan float64, f func(x float64) float64) {
	first, n := int(at*rate), int(length*rate)
	b.reach(first + n)
	l, r := float32(loud*(1-max(0, pan))), float32(loud*(1+min(0, pan)))
	for i := range n {
		s := float32(f(float64(i) / rate))
		b.left[first+i] += s * l
		b.right[first+i] += s * r
	}
}

// room adds reverberation: four echoes that feed themselves, smeared by two
// all-pass filters, a little different on each side (after M. R. Schroeder,
// "Natural Sounding Artificial Reverberation", 1962).
func (b *band) room() {
	b.reach(len(b.left) + rate) // the room sounds on
	for side, ch := range [][]float32{b.left, b.right} {
		wet := make([]float32, len(ch))
		for _, delay := range []int{1557, 1617, 1491, 1422} {
			echo(ch, wet, delay+side*23, 0.80)
		}
		for _, delay := range []int{225, 556} {
			allpass(wet, delay+side*23, 0.5)
		}
		for i := range ch {
			ch[i] += wet[i] * b.wet * 0.25
		}
	}
}

func echo(in, out []float32, delay int, back float32) {
	line := make([]float32, delay)
	var soft float32
	for i, s := range in {
		d := line[i%delay]
		soft += (d - soft) * 0.6 // walls swallow the high part
		line[i%delay] = s + soft*back
		out[i] += d
	}
}

func allpass(x []float32, delay int, g float32) {
	line := make([]float32, delay)
	for i, s := range x {
		d := line[i%delay]
		line[i%delay] = s + d*g
		x[i] = d - s*g
	}
}

// master brings the mix to a common loudness without clipping, fades the end
// out, and rounds to 16 bits.
func (b *band) master() []int16 {
	var peak float32
	for i := range b.left {
		peak = max(peak, abs(b.left[i]), abs(b.right[i]))
	}
	gain := 0.85 / float64(max(peak, 1e-6))
	n := len(b.left)
	fade := min(n, 2*rate)
	out := make([]int16, 0, 2*n)
	for i := range n {
		g := gain
		if left := n - i; left < fade {
			g *= float64(left) / float64(fade)
		}
		out = append(out, int16(math.Round(float64(b.left[i])*g*32767)), int16(math.Round(float64(b.right[i])*g*32767)))
	}
	return out
}

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}
