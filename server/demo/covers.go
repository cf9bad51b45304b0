package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// picture is an encoded image.
type picture struct {
	mime, suffix  string
	width, height int
	data          []byte
}

const coverSize = 600

// paint draws a square by asking for the colour at each point; both
// coordinates run from -1 to 1, y downwards.
func paint(at func(x, y float64) [3]float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, coverSize, coverSize))
	for j := range coverSize {
		for i := range coverSize {
			c := at((float64(i)+0.5)*2/coverSize-1, (float64(j)+0.5)*2/coverSize-1)
			img.SetRGBA(i, j, color.RGBA{level(c[0]), level(c[1]), level(c[2]), 255})
		}
	}
	return img
}

func level(v float64) uint8 { return uint8(math.Round(255 * min(1, max(0, v)))) }

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b [3]float64, t float64) [3]float64 {
	t = min(1, max(0, t))
	return [3]float64{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

// inside is 1 where d is below 0 and 0 above, soft by about a pixel.
func inside(d float64) float64 { return min(1, max(0, 0.5-d*coverSize/3)) }

func asJPEG(img image.Image) (picture, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 88})
	return picture{"image/jpeg", ".jpg", coverSize, coverSize, b.Bytes()}, err
}

func asPNG(img image.Image) (picture, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return picture{"image/png", ".png", coverSize, coverSize, b.Bytes()}, err
}

// coverMoon is a moon over hills at night.
func coverMoon() (picture, error) {
	return asJPEG(paint(func(x, y float64) [3]float64 {
		c := mix([3]float64{0.05, 0.07, 0.2}, [3]float64{0.35, 0.28, 0.5}, (y+1)/2)
		d := math.Hypot(x-0.3, y+0.35)
		c = mix(c, [3]float64{0.98, 0.92, 0.75}, 0.35*math.Exp(-4*max(0, d-0.3)))
		c = mix(c, [3]float64{0.99, 0.95, 0.82}, inside(d-0.3))
		for i, shade := range [][3]float64{{0.22, 0.2, 0.4}, {0.13, 0.12, 0.28}, {0.05, 0.05, 0.14}} {
			k := float64(i)
			hill := 0.25 + 0.25*k + 0.11*math.Sin(x*(2.3+k)+k*1.9) + 0.04*math.Sin(x*7+k*4)
			c = mix(c, shade, inside(hill-y))
		}
		return c
	}))
}

// coverGears is three gear wheels on a warm ground.
func coverGears() (picture, error) {
	return asPNG(paint(func(x, y float64) [3]float64 {
		c := mix([3]float64{0.96, 0.85, 0.62}, [3]float64{0.91, 0.63, 0.38}, (x+y+2)/4)
		for _, g := range []struct {
			x, y, r float64
			teeth   float64
			colour  [3]float64
		}{{-0.28, -0.2, 0.45, 14, [3]float64{0.2, 0.35, 0.4}}, {0.46, 0.24, 0.36, 11, [3]float64{0.72, 0.26, 0.2}}, {-0.3, 0.62, 0.22, 7, [3]float64{0.25, 0.22, 0.24}}} {
			r, a := math.Hypot(x-g.x, y-g.y), math.Atan2(y-g.y, x-g.x)
			rim := g.r + 0.035*math.Tanh(6*math.Sin(a*g.teeth))
			c = mix(c, g.colour, inside(r-rim)*(1-inside(r-g.r*0.28)))
		}
		return c
	}))
}

// coverLights is a green curtain of light over the sea.
func coverLights() (picture, error) {
	return asJPEG(paint(func(x, y float64) [3]float64 {
		c := mix([3]float64{0.02, 0.05, 0.12}, [3]float64{0.05, 0.14, 0.22}, (y+1)/2)
		for i := range 3 {
			k := float64(i)
			edge := 0.15 - 0.25*k + 0.18*math.Sin(2.2*x+1.7*k) + 0.05*math.Sin(9*x+k)
			if above := edge - y; above > 0 {
				ray := 0.75 + 0.25*math.Sin(38*x+6*math.Sin(3*x+k))
				c = mix(c, [3]float64{0.25 + 0.2*k, 0.95 - 0.15*k, 0.6 + 0.1*k}, 0.55*ray*math.Exp(-3.2*above))
			}
		}
		sea := [3]float64{0.01, 0.03, 0.06}
		sea = mix(sea, [3]float64{0.2, 0.6, 0.45}, 0.25*math.Max(0, math.Sin(60*y+4*math.Sin(5*x)))*math.Exp(-3*(y-0.55)))
		return mix(c, sea, inside(0.55-y))
	}))
}
