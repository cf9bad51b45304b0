package demo

// A scale is the steps of its seven notes above the root, in semitones.
type scale [7]int

var (
	major = scale{0, 2, 4, 5, 7, 9, 11}
	minor = scale{0, 2, 3, 5, 7, 8, 10}
)

// song is the frame that the parts of a piece share.
type song struct {
	*band
	tempo  float64 // beats a minute
	beats  int     // in a bar
	root   int     // MIDI number of the scale's first note
	scale  scale
	chords []int // the step that each bar's chord stands on
	bars   int
}

// beat returns the length of one beat in seconds.
func (s *song) beat() float64 { return 60 / s.tempo }

// pitch returns the MIDI number of a step of the scale; steps go on above and
// below the octave.
func (s *song) pitch(step int) float64 {
	octave := step / 7
	if step %= 7; step < 0 {
		step += 7
		octave--
	}
	return float64(s.root + 12*octave + s.scale[step])
}

// each calls f for every bar with its start in seconds and its chord's step.
func (s *song) each(from, to int, f func(bar int, at float64, chord int)) {
	for bar := from; bar < to; bar++ {
		f(bar, float64(bar*s.beats)*s.beat(), s.chords[bar%len(s.chords)])
	}
}

// pads holds each bar's chord, with the seventh when rich.
func (s *song) pads(t timbre, from, to int, loud float64, rich bool) {
	s.each(from, to, func(_ int, at float64, chord int) {
		notes := []int{0, 2, 4}
		if rich {
			notes = append(notes, 6)
		}
		for i, n := range notes {
			s.play(t, at, float64(s.beats)*s.beat(), s.pitch(chord+n), loud, -0.5+float64(i)/float64(len(notes)-1))
		}
	})
}

// arpeggio plays steps of the chord one after another, perBeat to a beat.
func (s *song) arpeggio(t timbre, from, to, perBeat, octave int, loud float64, pattern ...int) {
	s.each(from, to, func(bar int, at float64, chord int) {
		for i := range s.beats * perBeat {
			step := pattern[(bar*s.beats*perBeat+i)%len(pattern)]
			accent := 0.8
			if i%perBeat == 0 {
				accent = 1
			}
			length := s.beat() / float64(perBeat)
			s.play(t, at+float64(i)*length, length, s.pitch(chord+step+7*octave), loud*accent, 0.6*float64(i%3-1))
		}
	})
}

// rest is a place of a line where nothing sounds.
const rest = -100

// line plays a melody of scale steps, one for each half beat, over and over;
// a note lasts until the next or the next rest.
func (s *song) line(t timbre, from, to, octave int, loud, pan float64, steps ...int) {
	start := float64(from*s.beats) * s.beat()
	half := s.beat() / 2
	total := (to - from) * s.beats * 2
	for i := 0; i < total; {
		n := 1
		for i+n < total && steps[(i+n)%len(steps)] == hold {
			n++
		}
		if step := steps[i%len(steps)]; step != rest && step != hold {
			s.play(t, start+float64(i)*half, float64(n)*half*0.95, s.pitch(step+7*octave), loud, pan)
		}
		i += n
	}
}

// hold is a place of a line where the note before sounds on.
const hold = -101

// basses plays the chord's root on the beats that pattern marks with x.
func (s *song) basses(from, to int, loud float64, pattern string) {
	s.each(from, to, func(_ int, at float64, chord int) {
		for i, p := range pattern {
			if p == 'x' {
				s.play(bass, at+float64(i)*s.beat()/2, s.beat()*0.45, s.pitch(chord-14), loud, 0)
			}
		}
	})
}

// drums plays patterns of half beats: x is a stroke, o a soft one.
func (s *song) drums(from, to int, kick, snare, hat string) {
	s.each(from, to, func(_ int, at float64, _ int) {
		for _, d := range []struct {
			pattern string
			stroke  func(at, loud float64)
		}{{kick, s.kick}, {snare, s.snare}, {hat, s.hat}} {
			for i, p := range d.pattern {
				switch p {
				case 'x':
					d.stroke(at+float64(i)*s.beat()/2, 1)
				case 'o':
					d.stroke(at+float64(i)*s.beat()/2, 0.45)
				}
			}
		}
	})
}

func streetlightRain(b *band) {
	b.wet = 0.5
	s := &song{b, 76, 4, 57, minor, []int{0, 5, 2, 6}, 8}
	s.pads(warmPad, 0, s.bars, 0.9, true)
	s.arpeggio(bell, 1, s.bars, 2, 1, 0.7, 0, 2, 4, 7, 4, 2, 6, 4)
	s.line(bell, 4, s.bars, 2, 0.6, 0.3, 4, hold, hold, 2, 0, hold, hold, hold, 5, hold, 4, hold, 2, hold, hold, rest)
}

func kettleSong(b *band) {
	b.wet = 0.3
	s := &song{b, 92, 4, 60, major, []int{0, 4, 5, 3}, 10}
	s.arpeggio(piano, 0, s.bars, 2, -1, 0.55, 0, 4, 2, 4)
	s.line(piano, 2, s.bars, 1, 0.9, 0.15,
		2, hold, 4, hold, 7, hold, hold, 4, 6, hold, 4, hold, 1, hold, hold, rest,
		5, hold, 4, hold, 2, hold, 0, hold, 3, hold, 2, 1, 0, hold, hold, rest)
	s.pads(warmPad, 4, s.bars, 0.5, false)
}

func lastBusHome(b *band) {
	s := &song{b, 84, 4, 62, major, []int{5, 3, 0, 4}, 9}
	s.pads(warmPad, 0, s.bars, 0.7, true)
	s.basses(1, s.bars, 0.8, "x..x..x.")
	s.drums(2, s.bars, "x...ox..", "....x...", "o.x.o.x.")
	s.line(reed, 3, s.bars, 0, 0.8, -0.2, 4, hold, hold, 5, 4, hold, 2, hold, 0, hold, hold, hold, rest, rest, 1, 2)
}

func mondayLoom(b *band) {
	b.wet = 0.12
	s := &song{b, 122, 4, 52, minor, []int{0, 0, 5, 6}, 13}
	s.arpeggio(pluck, 0, s.bars, 4, 1, 0.7, 0, 4, 2, 7, 4, 2)
	s.basses(2, s.bars, 0.9, "x.xx.xx.")
	s.drums(3, s.bars, "x.x.x.x.", "..x...x.", ".x.x.x.x")
	s.line(reed, 5, s.bars, 1, 0.7, 0.25, 0, hold, 2, 4, hold, rest, 3, 2, 0, hold, hold, rest, -1, hold, 0, hold)
}

func conveyorWaltz(b *band) {
	b.wet = 0.2
	s := &song{b, 138, 3, 55, major, []int{0, 3, 4, 0, 5, 1, 4, 4}, 16}
	s.basses(0, s.bars, 0.9, "x.....")
	s.arpeggio(pluck, 0, s.bars, 1, 0, 0.9, 0, 4, 2)
	s.line(reed, 4, s.bars, 1, 0.9, -0.15,
		4, hold, 2, hold, 0, hold, 3, hold, hold, hold, 5, hold, 4, hold, 6, hold, 8, hold, 7, hold, hold, hold, rest, rest)
	s.drums(8, s.bars, "x.....", "..o.o.", "o.x.x.")
}

func lunchBell(b *band) {
	s := &song{b, 104, 4, 64, major, []int{0, 3, 0, 4}, 9}
	s.line(bell, 0, s.bars, 1, 1, 0.2, 4, hold, 2, hold, 3, hold, -1, hold, 0, hold, 3, hold, 4, hold, hold, rest)
	s.pads(warmPad, 1, s.bars, 0.6, false)
	s.basses(2, s.bars, 0.8, "x.x...x.")
	s.drums(3, s.bars, "x..x..x.", "..x...x.", "oxoxoxox")
	s.arpeggio(pluck, 5, s.bars, 2, 1, 0.45, 7, 4, 2, 4)
}

func firstLight(b *band) {
	b.wet = 0.4
	s := &song{b, 66, 4, 61, major, []int{0, 2, 3, 5}, 6}
	s.arpeggio(piano, 0, s.bars, 2, -1, 0.6, 0, 4, 7, 9, 7, 4)
	s.line(piano, 1, s.bars, 1, 0.9, 0.1, 7, hold, hold, 6, 4, hold, hold, hold, 5, hold, 4, 2, 1, hold, hold, hold)
}

func sailingNorth(b *band) {
	b.wet = 0.45
	s := &song{b, 72, 4, 56, minor, []int{0, 3, 5, 4}, 7}
	s.pads(warmPad, 0, s.bars, 0.8, true)
	s.arpeggio(piano, 1, s.bars, 2, 0, 0.6, 0, 2, 4, 6, 4, 2)
	s.line(reed, 3, s.bars, 1, 0.6, -0.3, 4, hold, hold, hold, 3, hold, 2, hold, 0, hold, hold, hold, hold, hold, rest, rest)
	s.line(bell, 2, s.bars, 2, 0.4, 0.5, rest, rest, 0, rest, rest, rest, 4, rest)
}
