package scanner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// layouts are folders and tags as people have them, and the albums that a
// collector wants to see. A case is
//
//	# what is odd
//	path | tag: value; tag: value
//	=> album | album artists | file names of its songs, disc by disc | compilation
//	@ artists that songs are credited to, where that is what is odd
//
// Several values of a tag, and several album artists, are joined by " + ".
// A case may have a switch: "separators /" sets the owner's own separators of
// artists. Files are named by their base, where that is unique, without suffix;
// "/" stands between discs.
//
// al is the album, aa its artist, aas its artists one by one, ar the song's
// artist, ars its artists one by one, rel, arid and aaid MusicBrainz ids by a
// letter, tr and di numbers of track and disc, y the year, ti the title, comp
// the compilation flag, ver the album's version.
const layouts = `
# one differing year
A/X/1.mp3 | al: X; ar: A; y: 1990
A/X/2.mp3 | al: X; ar: A; y: 1991
=> X | A | 1 2

# every song of a compilation has its own year
V/X/1.mp3 | al: X; ar: A; aa: Various Artists; y: 1970
V/X/2.mp3 | al: X; ar: B; aa: Various Artists; y: 1980
V/X/3.mp3 | al: X; ar: C; aa: Various Artists; y: 1990
=> X | Various Artists | 1 2 3

# no album artist, one singer
A/X/1.mp3 | al: X; ar: A
A/X/2.mp3 | al: X; ar: A
=> X | A | 1 2

# no album artist, many singers
V/X/1.mp3 | al: X; ar: A
V/X/2.mp3 | al: X; ar: B
=> X | Various Artists | 1 2

# no album artist, one guest's song among many
A/X/1.mp3 | al: X; ar: A
A/X/2.mp3 | al: X; ar: A
A/X/3.mp3 | al: X; ar: A
A/X/4.mp3 | al: X; ar: B
=> X | A | 1 2 3 4

# no album artist, a duet in the folder of one of both
A/X/1.mp3 | al: X; ar: A
A/X/2.mp3 | al: X; ar: A & B
=> X | A | 1 2

# no album artist, guests announced in one song's artist
M/X/1.mp3 | al: X; ar: A
M/X/2.mp3 | al: X; ar: A feat. B
=> X | A | 1 2
@ A + B

# no album artist, another guest in every song
M/X/1.mp3 | al: X; ar: A feat. B
M/X/2.mp3 | al: X; ar: A feat. C
M/X/3.mp3 | al: X; ar: A ft. D
=> X | A | 1 2 3
@ A + B + C + D

# Various Artists with the compilation flag
V/X/1.mp3 | al: X; ar: A; aa: Various Artists; comp: 1
V/X/2.mp3 | al: X; ar: B; aa: Various Artists; comp: 1
=> X | Various Artists | 1 2 | compilation

# Various Artists without the compilation flag
V/X/1.mp3 | al: X; ar: A; aa: Various Artists
V/X/2.mp3 | al: X; ar: B; aa: Various Artists
=> X | Various Artists | 1 2

# compilation flag without an album artist
V/X/1.mp3 | al: X; ar: A; comp: 1
V/X/2.mp3 | al: X; ar: B; comp: 1
=> X | Various Artists | 1 2 | compilation

# compilation flag on one song only
V/X/1.mp3 | al: X; ar: A
V/X/2.mp3 | al: X; ar: B; comp: 1
=> X | Various Artists | 1 2 | compilation

# a best-of with an album artist and the compilation flag
A/Best/1.mp3 | al: Best; ar: A; aa: A; comp: 1
A/Best/2.mp3 | al: Best; ar: A; aa: A; comp: 1
=> Best | A | 1 2 | compilation

# Various Artists spelled in three ways
V/X/1.mp3 | al: X; ar: A; aa: Various Artists
V/X/2.mp3 | al: X; ar: B; aa: VA
V/X/3.mp3 | al: X; ar: C; aa: Various
=> X | Various Artists | 1 2 3

# a flagged compilation sorted into a folder for each artist
A/Hits/1.mp3 | al: Hits; ar: A; comp: 1; tr: 1
B/Hits/2.mp3 | al: Hits; ar: B; comp: 1; tr: 2
C/Hits/3.mp3 | al: Hits; ar: C; comp: 1; tr: 3
=> Hits | Various Artists | 1 2 3 | compilation

# an album of Various Artists sorted into a folder for each artist
A/Hits/1.mp3 | al: Hits; ar: A; aa: Various Artists; tr: 1
B/Hits/2.mp3 | al: Hits; ar: B; aa: Various Artists; tr: 2
=> Hits | Various Artists | 1 2

# soundtrack with twenty singers, each named as the album artist
S/Film/01.mp3 | al: Film; ar: A; aa: A; tr: 1
S/Film/02.mp3 | al: Film; ar: B; aa: B; tr: 2
S/Film/03.mp3 | al: Film; ar: C; aa: C; tr: 3
S/Film/04.mp3 | al: Film; ar: D; aa: D; tr: 4
S/Film/05.mp3 | al: Film; ar: E; aa: E; tr: 5
S/Film/06.mp3 | al: Film; ar: F; aa: F; tr: 6
S/Film/07.mp3 | al: Film; ar: G; aa: G; tr: 7
S/Film/08.mp3 | al: Film; ar: H; aa: H; tr: 8
S/Film/09.mp3 | al: Film; ar: I; aa: I; tr: 9
S/Film/10.mp3 | al: Film; ar: J; aa: J; tr: 10
S/Film/11.mp3 | al: Film; ar: K; aa: K; tr: 11
S/Film/12.mp3 | al: Film; ar: L; aa: L; tr: 12
S/Film/13.mp3 | al: Film; ar: M; aa: M; tr: 13
S/Film/14.mp3 | al: Film; ar: N; aa: N; tr: 14
S/Film/15.mp3 | al: Film; ar: O; aa: O; tr: 15
S/Film/16.mp3 | al: Film; ar: P; aa: P; tr: 16
S/Film/17.mp3 | al: Film; ar: Q; aa: Q; tr: 17
S/Film/18.mp3 | al: Film; ar: R; aa: R; tr: 18
S/Film/19.mp3 | al: Film; ar: S; aa: S; tr: 19
S/Film/20.mp3 | al: Film; ar: T; aa: T; tr: 20
=> Film | Various Artists | 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20

# soundtrack of many singers without album artists
S/Film/1.mp3 | al: Film; ar: A
S/Film/2.mp3 | al: Film; ar: B
S/Film/3.mp3 | al: Film; ar: C
=> Film | Various Artists | 1 2 3

# album artist on some songs only
A/X/1.mp3 | al: X; ar: A; aa: A
A/X/2.mp3 | al: X; ar: A feat. B
=> X | A | 1 2

# one song's album artist names a guest
A/X/1.mp3 | al: X; ar: A; aa: A
A/X/2.mp3 | al: X; ar: A feat. B; aa: A feat. B
=> X | A | 1 2
@ A + B

# one song's album artist is another
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X/2.mp3 | al: X; ar: A; aa: A; tr: 2
A/X/3.mp3 | al: X; ar: A & B; aa: A & B; tr: 3
=> X | A | 1 2 3

# album artist with and without The
B/X/1.mp3 | al: X; ar: The Beatles; aa: The Beatles
B/X/2.mp3 | al: X; ar: The Beatles; aa: The Beatles
B/X/3.mp3 | al: X; ar: The Beatles; aa: Beatles
=> X | The Beatles | 1 2 3

# an artist called The The
T/X/1.mp3 | al: X; ar: The The; aa: The The
T/X/2.mp3 | al: X; ar: The The; aa: The The
=> X | The The | 1 2

# disc folders with disc tags
A/X/CD1/1.mp3 | al: X; ar: A; di: 1
A/X/CD2/2.mp3 | al: X; ar: A; di: 2
=> X | A | 1 / 2

# disc folders without disc tags
A/X/CD1/1.mp3 | al: X; ar: A; tr: 1
A/X/CD2/2.mp3 | al: X; ar: A; tr: 1
=> X | A | 1 / 2

# disc folders without any tags
A/X/Disc 1/01 one.mp3 |
A/X/Disc 2/01 two.mp3 |
=> X | A | 01 one / 01 two

# disc folders with names, many singers
V/X/CD 1 - Day/1.mp3 | al: X; ar: A
V/X/CD 2 - Night/2.mp3 | al: X; ar: B
=> X | Various Artists | 1 / 2

# the album artist stands on one disc only
A/X/CD1/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X/CD2/2.mp3 | al: X; ar: B; tr: 1
=> X | A | 1 / 2

# one disc has the release id, the other has none
A/X/CD1/1.mp3 | al: X; ar: A; aa: A; tr: 1; rel: r
A/X/CD2/2.mp3 | al: X; ar: A; aa: A; tr: 1
=> X | A | 1 / 2

# a box of thirty discs with another conductor on each
B/Box/CD1/1.mp3 | al: Box; ar: Orchestra; aa: Conductor 1; di: 1; tr: 1
B/Box/CD2/2.mp3 | al: Box; ar: Orchestra; aa: Conductor 2; di: 2; tr: 1
B/Box/CD3/3.mp3 | al: Box; ar: Orchestra; aa: Conductor 3; di: 3; tr: 1
B/Box/CD4/4.mp3 | al: Box; ar: Orchestra; aa: Conductor 4; di: 4; tr: 1
B/Box/CD5/5.mp3 | al: Box; ar: Orchestra; aa: Conductor 5; di: 5; tr: 1
B/Box/CD6/6.mp3 | al: Box; ar: Orchestra; aa: Conductor 6; di: 6; tr: 1
B/Box/CD7/7.mp3 | al: Box; ar: Orchestra; aa: Conductor 7; di: 7; tr: 1
B/Box/CD8/8.mp3 | al: Box; ar: Orchestra; aa: Conductor 8; di: 8; tr: 1
B/Box/CD9/9.mp3 | al: Box; ar: Orchestra; aa: Conductor 9; di: 9; tr: 1
B/Box/CD10/10.mp3 | al: Box; ar: Orchestra; aa: Conductor 10; di: 10; tr: 1
B/Box/CD11/11.mp3 | al: Box; ar: Orchestra; aa: Conductor 11; di: 11; tr: 1
B/Box/CD12/12.mp3 | al: Box; ar: Orchestra; aa: Conductor 12; di: 12; tr: 1
B/Box/CD13/13.mp3 | al: Box; ar: Orchestra; aa: Conductor 13; di: 13; tr: 1
B/Box/CD14/14.mp3 | al: Box; ar: Orchestra; aa: Conductor 14; di: 14; tr: 1
B/Box/CD15/15.mp3 | al: Box; ar: Orchestra; aa: Conductor 15; di: 15; tr: 1
B/Box/CD16/16.mp3 | al: Box; ar: Orchestra; aa: Conductor 16; di: 16; tr: 1
B/Box/CD17/17.mp3 | al: Box; ar: Orchestra; aa: Conductor 17; di: 17; tr: 1
B/Box/CD18/18.mp3 | al: Box; ar: Orchestra; aa: Conductor 18; di: 18; tr: 1
B/Box/CD19/19.mp3 | al: Box; ar: Orchestra; aa: Conductor 19; di: 19; tr: 1
B/Box/CD20/20.mp3 | al: Box; ar: Orchestra; aa: Conductor 20; di: 20; tr: 1
B/Box/CD21/21.mp3 | al: Box; ar: Orchestra; aa: Conductor 21; di: 21; tr: 1
B/Box/CD22/22.mp3 | al: Box; ar: Orchestra; aa: Conductor 22; di: 22; tr: 1
B/Box/CD23/23.mp3 | al: Box; ar: Orchestra; aa: Conductor 23; di: 23; tr: 1
B/Box/CD24/24.mp3 | al: Box; ar: Orchestra; aa: Conductor 24; di: 24; tr: 1
B/Box/CD25/25.mp3 | al: Box; ar: Orchestra; aa: Conductor 25; di: 25; tr: 1
B/Box/CD26/26.mp3 | al: Box; ar: Orchestra; aa: Conductor 26; di: 26; tr: 1
B/Box/CD27/27.mp3 | al: Box; ar: Orchestra; aa: Conductor 27; di: 27; tr: 1
B/Box/CD28/28.mp3 | al: Box; ar: Orchestra; aa: Conductor 28; di: 28; tr: 1
B/Box/CD29/29.mp3 | al: Box; ar: Orchestra; aa: Conductor 29; di: 29; tr: 1
B/Box/CD30/30.mp3 | al: Box; ar: Orchestra; aa: Conductor 30; di: 30; tr: 1
=> Box | Various Artists | 1 / 2 / 3 / 4 / 5 / 6 / 7 / 8 / 9 / 10 / 11 / 12 / 13 / 14 / 15 / 16 / 17 / 18 / 19 / 20 / 21 / 22 / 23 / 24 / 25 / 26 / 27 / 28 / 29 / 30

# a box with another conductor on each disc, in one folder
B/Box/1.mp3 | al: Box; ar: Orchestra; aa: Abbado; di: 1; tr: 1
B/Box/2.mp3 | al: Box; ar: Orchestra; aa: Boulez; di: 2; tr: 1
B/Box/3.mp3 | al: Box; ar: Orchestra; aa: Chailly; di: 3; tr: 1
=> Box | Various Artists | 1 / 2 / 3

# a box with another singer on each disc and no album artist
B/Box/CD1/1.mp3 | al: Box; ar: A; di: 1
B/Box/CD2/2.mp3 | al: Box; ar: B; di: 2
B/Box/CD3/3.mp3 | al: Box; ar: C; di: 3
=> Box | Various Artists | 1 / 2 / 3

# a box of one release with another album name on each disc
A/Box/CD1/1.mp3 | al: First; ar: A; aa: A; di: 1; rel: r
A/Box/CD2/2.mp3 | al: Second; ar: A; aa: A; di: 2; rel: r
A/Box/CD3/3.mp3 | al: Second; ar: A; aa: A; di: 3; rel: r
=> Second | A | 1 / 2 / 3

# a box with another album name on each disc and no release id
A/Box/CD1/1.mp3 | al: First; ar: A; aa: A; di: 1
A/Box/CD2/2.mp3 | al: Second; ar: A; aa: A; di: 2
=> First | A | 1
=> Second | A | 2

# two albums called Live of two artists
A/Live/1.mp3 | al: Live; ar: A; aa: A
B/Live/2.mp3 | al: Live; ar: B; aa: B
=> Live | A | 1
=> Live | B | 2

# two albums called Live of two artists without album artists
A/Live/1.mp3 | al: Live; ar: A
B/Live/2.mp3 | al: Live; ar: B
=> Live | A | 1
=> Live | B | 2

# two albums called Live of one artist, in two folders with two dates
A/1990 Live/1a.mp3 | al: Live; ar: A; aa: A; tr: 1; y: 1990
A/1990 Live/1b.mp3 | al: Live; ar: A; aa: A; tr: 2; y: 1990
A/2005 Live/2a.mp3 | al: Live; ar: A; aa: A; tr: 1; y: 2005
A/2005 Live/2b.mp3 | al: Live; ar: A; aa: A; tr: 2; y: 2005
=> Live | A | 1a 1b
=> Live | A | 2a 2b

# two albums called Live of one artist with two release ids
A/Live 1/1a.mp3 | al: Live; ar: A; aa: A; tr: 1; rel: r
A/Live 2/2a.mp3 | al: Live; ar: A; aa: A; tr: 1; rel: s
=> Live | A | 1a
=> Live | A | 2a

# two albums called Live of one artist in one folder, with two release ids
A/all/1a.mp3 | al: Live; ar: A; aa: A; tr: 1; rel: r
A/all/2a.mp3 | al: Live; ar: A; aa: A; tr: 1; rel: s
=> Live | A | 1a
=> Live | A | 2a

# two albums called Live of one artist, in two folders without track numbers
A/Live a/p.mp3 | al: Live; ar: A; aa: A; ti: One
A/Live a/q.mp3 | al: Live; ar: A; aa: A; ti: Two
A/Live b/r.mp3 | al: Live; ar: A; aa: A; ti: One
A/Live b/s.mp3 | al: Live; ar: A; aa: A; ti: Two
=> Live | A | p q
=> Live | A | r s

# the same release as FLAC and MP3 in one folder
A/X/1.flac | al: X; ar: A; aa: A; tr: 1; rel: r
A/X/1 copy.mp3 | al: X; ar: A; aa: A; tr: 1; rel: r
=> X | A | 1 copy 1

# the same release as FLAC and MP3 in sibling folders
A/X [FLAC]/1.flac | al: X; ar: A; aa: A; tr: 1
A/X [FLAC]/2.flac | al: X; ar: A; aa: A; tr: 2
A/X [MP3]/1m.mp3 | al: X; ar: A; aa: A; tr: 1
A/X [MP3]/2m.mp3 | al: X; ar: A; aa: A; tr: 2
=> X | A | 1 2
=> X | A | 1m 2m

# the same release as FLAC and MP3 in sibling folders, with its release id
A/X [FLAC]/1.flac | al: X; ar: A; aa: A; tr: 1; rel: r
A/X [FLAC]/2.flac | al: X; ar: A; aa: A; tr: 2; rel: r
A/X [MP3]/1m.mp3 | al: X; ar: A; aa: A; tr: 1; rel: r
A/X [MP3]/2m.mp3 | al: X; ar: A; aa: A; tr: 2; rel: r
=> X | A | 1 2
=> X | A | 1m 2m

# one release id in two folders that complete each other
A/X/1.mp3 | al: X; ar: A; tr: 1; rel: r
A/X bonus/2.mp3 | al: X; ar: A; tr: 2; rel: r
=> X | A | 1 2

# an album's songs in two folders that complete each other
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/new/2.mp3 | al: X; ar: A; aa: A; tr: 2
=> X | A | 1 2

# plain and deluxe edition with one name in sibling folders
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X/2.mp3 | al: X; ar: A; aa: A; tr: 2
A/X (Deluxe)/1d.mp3 | al: X; ar: A; aa: A; tr: 1
A/X (Deluxe)/2d.mp3 | al: X; ar: A; aa: A; tr: 2
A/X (Deluxe)/3d.mp3 | al: X; ar: A; aa: A; tr: 3
=> X | A | 1 2
=> X | A | 1d 2d 3d

# plain and deluxe edition with two release ids in sibling folders
A/X/1.mp3 | al: X; ar: A; aa: A; rel: r
A/X (Deluxe)/1d.mp3 | al: X; ar: A; aa: A; rel: s
=> X | A | 1
=> X | A | 1d

# editions told by their version
A/X/1.mp3 | al: X; ar: A; aa: A
A/Y/2.mp3 | al: X; ar: A; aa: A; ver: Deluxe
=> X | A | 1
=> X | A | 2

# plain and deluxe edition told by their names
A/X/1.mp3 | al: X; ar: A; aa: A
A/X/2.mp3 | al: X (Deluxe Edition); ar: A; aa: A
=> X (Deluxe Edition) | A | 2
=> X | A | 1

# release id on some songs only
A/X/1.mp3 | al: X; ar: A; rel: r
A/X/2.mp3 | al: X; ar: A
=> X | A | 1 2

# release id on one song of a compilation
V/X/1.mp3 | al: X; ar: A; aa: Various Artists; rel: r
V/X/2.mp3 | al: X; ar: B; aa: Various Artists
V/X/3.mp3 | al: X; ar: C; aa: Various Artists
=> X | Various Artists | 1 2 3

# singles beside albums
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X/2.mp3 | al: X; ar: A; aa: A; tr: 2
A/Singles/s.mp3 | al: Single; ar: A; aa: A; tr: 1
A/Singles/t.mp3 | al: Other; ar: A; aa: A; tr: 1
=> Other | A | t
=> Single | A | s
=> X | A | 1 2

# a single with the name of its album
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X/2.mp3 | al: X; ar: A; aa: A; tr: 2
A/X (single)/s.mp3 | al: X; ar: A; aa: A; tr: 1
=> X | A | 1 2
=> X | A | s

# a flat folder of many albums
all/1.mp3 | al: X; ar: A; aa: A
all/2.mp3 | al: Y; ar: A; aa: A
all/3.mp3 | al: X; ar: A; aa: A
all/4.mp3 | al: X; ar: B; aa: B
=> X | A | 1 3
=> X | B | 4
=> Y | A | 2

# a flat folder with two artists' Greatest Hits
all/1.mp3 | al: Greatest Hits; ar: Queen; aa: Queen; tr: 1
all/2.mp3 | al: Greatest Hits; ar: Queen; aa: Queen; tr: 2
all/3.mp3 | al: Greatest Hits; ar: ABBA; aa: ABBA; tr: 1
all/4.mp3 | al: Greatest Hits; ar: ABBA; aa: ABBA; tr: 2
=> Greatest Hits | ABBA | 3 4
=> Greatest Hits | Queen | 1 2

# same-named artists with different MusicBrainz ids
N/X/1.mp3 | al: X; ar: Nirvana; aa: Nirvana; arid: a; aaid: a
M/Y/2.mp3 | al: Y; ar: Nirvana; aa: Nirvana; arid: b; aaid: b
=> X | Nirvana | 1
=> Y | Nirvana | 2
@ Nirvana:a + Nirvana:b

# same-named artists with albums of one name
N/Nirvana/1.mp3 | al: Nirvana; ar: Nirvana; aa: Nirvana; arid: a; aaid: a; tr: 1
M/Nirvana/2.mp3 | al: Nirvana; ar: Nirvana; aa: Nirvana; arid: b; aaid: b; tr: 2
=> Nirvana | Nirvana | 1
=> Nirvana | Nirvana | 2
@ Nirvana:a + Nirvana:b

# same-named artists in one flat folder
all/1.mp3 | al: Best; ar: Nirvana; aa: Nirvana; arid: a; aaid: a; tr: 1
all/2.mp3 | al: Best; ar: Nirvana; aa: Nirvana; arid: b; aaid: b; tr: 1
=> Best | Nirvana | 1
=> Best | Nirvana | 2
@ Nirvana:a + Nirvana:b

# a name without an id beside the same name with one
N/X/1.mp3 | al: X; ar: Nirvana; aa: Nirvana; arid: a; aaid: a
N/Y/2.mp3 | al: Y; ar: Nirvana; aa: Nirvana
=> X | Nirvana | 1
=> Y | Nirvana | 2
@ Nirvana:a

# a name without an id beside the same name with two
N/X/1.mp3 | al: X; ar: Nirvana; aa: Nirvana; arid: a; aaid: a
M/Y/2.mp3 | al: Y; ar: Nirvana; aa: Nirvana; arid: b; aaid: b
O/Z/3.mp3 | al: Z; ar: Nirvana; aa: Nirvana
=> X | Nirvana | 1
=> Y | Nirvana | 2
=> Z | Nirvana | 3
@ Nirvana + Nirvana:a + Nirvana:b

# an artist with a slash
A/X/1.mp3 | al: X; ar: AC/DC; aa: AC/DC
A/X/2.mp3 | al: X; ar: AC/DC; aa: AC/DC
=> X | AC/DC | 1 2
@ AC/DC

# an artist with a comma
T/X/1.mp3 | al: X; ar: Tyler, The Creator; aa: Tyler, The Creator
T/X/2.mp3 | al: X; ar: Tyler, The Creator; aa: Tyler, The Creator
=> X | Tyler, The Creator | 1 2
@ Tyler, The Creator

# an artist with commas and an ampersand
E/X/1.mp3 | al: X; ar: Earth, Wind & Fire; aa: Earth, Wind & Fire
E/X/2.mp3 | al: X; ar: Earth, Wind & Fire
=> X | Earth, Wind & Fire | 1 2
@ Earth, Wind & Fire

# an artist called Little Feat
L/X/1.mp3 | al: X; ar: Little Feat; aa: Little Feat
=> X | Little Feat | 1
@ Little Feat

# a guest in the title
A/X/1.mp3 | al: X; ar: A; ti: Song (feat. B)
A/X/2.mp3 | al: X; ar: A; ti: Other
=> X | A | 1 2
@ A

# a guest in the artist, the artist known by itself elsewhere
A/X/1.mp3 | al: X; ar: A feat. B; aa: A
Z/Y/2.mp3 | al: Y; ar: B; aa: B
=> X | A | 1
=> Y | B | 2
@ A + B

# a joined name of which no part is known
A/X/1.mp3 | al: X; ar: A feat. B; aa: A feat. B
=> X | A feat. B | 1
@ A feat. B

# a joined name, its guest known by a later file
A/X/1.mp3 | al: X; ar: A feat. B; aa: A feat. B
Z/Y/2.mp3 | al: Y; ar: B; aa: B
=> X | A + B | 1
=> Y | B | 2
@ A + B

# guests in brackets
A/X/1.mp3 | al: X; ar: A (feat. B); aa: A
=> X | A | 1
@ A + B

# artists one by one beside the printed artist
A/X/1.mp3 | al: X; ar: A & B; ars: A + B; aa: A
=> X | A | 1
@ A + B

# several album artists
A/X/1.mp3 | al: X; ar: A; aa: A & B; aas: A + B
A/X/2.mp3 | al: X; ar: B; aa: A & B; aas: A + B
=> X | A + B | 1 2
@ A + B

# several album artists, listed on one song only
A/X/1.mp3 | al: X; ar: A; aa: A & B; aas: A + B; aaid: a + b
A/X/2.mp3 | al: X; ar: B; aa: A & B
=> X | A + B | 1 2

# the owner's own separator
separators  / 
A/X/1.mp3 | al: X; ar: A / B; aa: A
A/X/2.mp3 | al: X; ar: AC/DC; aa: A
=> X | A | 1 2
@ A + AC/DC + B

# trailing spaces and case in the album
A/X/1.mp3 | al: The Wall; ar: A; aa: A
A/X/2.mp3 | al: The Wall ; ar: A; aa: a
A/X/3.mp3 | al: the wall; ar: A; aa: A
=> The Wall | A | 1 2 3

# apostrophes, quotes and dashes of two kinds
A/X/1.mp3 | al: Don't “Stop” – Now; ar: A; aa: Guns N' Roses
A/X/2.mp3 | al: Don’t "Stop" - Now; ar: A; aa: Guns N’ Roses
=> Don't “Stop” – Now | Guns N' Roses | 1 2

# an artist with two kinds of apostrophes
G/X/1.mp3 | al: X; ar: Guns N' Roses; aa: Guns N' Roses
G/Y/2.mp3 | al: Y; ar: Guns N’ Roses; aa: Guns N’ Roses
=> X | Guns N' Roses | 1
=> Y | Guns N' Roses | 2

# case and accents
B/X/1.mp3 | al: Café; ar: B; aa: Beyoncé
B/X/2.mp3 | al: CAFE; ar: B; aa: Beyonce
=> Café | Beyoncé | 1 2

# and and ampersand
S/X/1.mp3 | al: Bookends & More; ar: S; aa: Simon & Garfunkel
S/X/2.mp3 | al: Bookends and More; ar: S; aa: Simon and Garfunkel
=> Bookends & More | Simon & Garfunkel | 1 2

# an album named in symbols
A/X/1.mp3 | al: ( ); ar: A; aa: A
A/Y/2.mp3 | al: !!!; ar: A; aa: A
=> !!! | A | 2
=> ( ) | A | 1

# discs in the album's name, in one folder
A/X/1.mp3 | al: X (Disc 1); ar: A; aa: A; tr: 1
A/X/2.mp3 | al: X (Disc 2); ar: A; aa: A; tr: 1
=> X | A | 1 / 2

# discs in the album's name, in two ways and two folders
A/X CD1/1.mp3 | al: X CD1; ar: A; aa: A; tr: 1
A/X [Disc 2]/2.mp3 | al: X [Disc 2]; ar: A; aa: A; tr: 1
=> X | A | 1 / 2

# discs in the folders' names, no album artist
V/X (Disc 1)/1.mp3 | al: X; ar: A; tr: 1
V/X (Disc 2)/2.mp3 | al: X; ar: B; tr: 1
=> X | Various Artists | 1 / 2

# discs in the folders' names, no tags
A/X CD1/01 one.mp3 |
A/X CD2/01 two.mp3 |
=> X | A | 01 one / 01 two

# a bonus disc
A/X/1.mp3 | al: X; ar: A; aa: A; tr: 1
A/X (Bonus Disc)/2.mp3 | al: X (Bonus Disc); ar: A; aa: A; tr: 1
=> X | A | 1 / 2

# several discs in one folder
A/X/1.mp3 | al: X; ar: A; aa: A; di: 1; tr: 1
A/X/2.mp3 | al: X; ar: A; aa: A; di: 2; tr: 1
=> X | A | 1 / 2

# several discs in one folder, told by the files' names
A/X/1-01 a.mp3 | al: X; ar: A; ti: a
A/X/2-01 b.mp3 | al: X; ar: A; ti: b
=> X | A | 1-01 a / 2-01 b

# discs in the hundreds of the files' numbers
A/X/101 a.mp3 |
A/X/102 b.mp3 |
A/X/201 c.mp3 |
=> X | A | 101 a 102 b / 201 c

# more than a hundred files in one row
A/X/099 a.mp3 |
A/X/100 b.mp3 |
A/X/101 c.mp3 |
=> X | A | 099 a 100 b 101 c

# discs two folders deep
A/X/Disc 1/Side A/1.mp3 | al: X; ar: A; tr: 1
A/X/Disc 1/Side B/2.mp3 | al: X; ar: A; tr: 2
A/X/Disc 2/Side A/3.mp3 | al: X; ar: A; tr: 1
=> X | A | 1 2 / 3

# volumes are albums of their own
A/Best Vol. 1/1.mp3 | al: Best Vol. 1; ar: A; aa: A; tr: 1
A/Best Vol. 2/2.mp3 | al: Best Vol. 2; ar: A; aa: A; tr: 1
=> Best Vol. 1 | A | 1
=> Best Vol. 2 | A | 2

# volumes without tags are albums of their own
A/Best Vol. 1/01 a.mp3 |
A/Best Vol. 2/01 b.mp3 |
=> Best Vol. 1 | A | 01 a
=> Best Vol. 2 | A | 01 b

# an audiobook with a file for each chapter
W/Book/001 Chapter.mp3 | al: Book; ar: Writer
W/Book/002 Chapter.mp3 | al: Book; ar: Writer
W/Book/003 Chapter.mp3 | al: Book; ar: Writer
=> Book | Writer | 001 Chapter 002 Chapter 003 Chapter

# an audiobook in parts
W/Book/Part 1/01 a.mp3 | al: Book; ar: Writer; aa: Reader; tr: 1
W/Book/Part 2/01 b.mp3 | al: Book; ar: Writer; aa: Reader; tr: 1
=> Book | Reader | 01 a / 01 b

# no tags at all
Artist/Album/03 - Song.mp3 |
Artist/Other/01 Tune.mp3 |
=> Album | Artist | 03 - Song
=> Other | Artist | 01 Tune
@ Artist

# no tags, the folder's name has a year
Artist/1999 - Album/01 a.mp3 |
Artist/Other (2001)/01 b.mp3 |
=> Album | Artist | 01 a
=> Other | Artist | 01 b

# no tags, artist and album in one folder's name
Artist - Album/01 a.mp3 |
Artist - Album/02 b.mp3 |
=> Album | Artist | 01 a 02 b
@ Artist

# no tags, all is in the file's name
box/Artist - Album - 03 - Song.mp3 |
box/Artist - Album - 04 - Tune.mp3 |
=> Album | Artist | Artist - Album - 03 - Song Artist - Album - 04 - Tune
@ Artist

# no tags, singers in the files' names
V/Party/01. A - a.mp3 |
V/Party/02. B - b.mp3 |
=> Party | Various Artists | 01. A - a 02. B - b
@ A + B

# no tags in folders that have one name
A/Live/01 a.mp3 |
B/Live/01 b.mp3 |
=> Live | A | 01 a
=> Live | B | 01 b

# a song without tags among tagged ones
Somebody/X (1990)/1.mp3 | al: X; ar: A; aa: A
Somebody/X (1990)/2.mp3 |
=> X | A | 1 2

# one tagged song among many without
Somebody/Stuff/1.mp3 | al: X; ar: A; aa: A
Somebody/Stuff/2 b.mp3 |
Somebody/Stuff/3 c.mp3 |
Somebody/Stuff/4 d.mp3 |
=> Stuff | Somebody | 2 b 3 c 4 d
=> X | A | 1

# artists but no albums
Somebody/Stuff/1.mp3 | ar: A
Somebody/Stuff/2.mp3 | ar: A
=> Stuff | A | 1 2

# a song without tags in the library's root
song.mp3 |
=> [unknown] | [unknown] | song

# a song in the library's root whose name tells the artist
Artist - Song.mp3 |
=> [unknown] | Artist | Artist - Song

# a song without tags in the root beside a tagged one
song.mp3 |
x.mp3 | al: X; ar: A; aa: A
=> X | A | x
=> [unknown] | [unknown] | song

# songs in the artist's own folder beside albums
A/loose.mp3 | ar: A; ti: Loose
A/X/1.mp3 | al: X; ar: A; aa: A
=> A | A | loose
=> X | A | 1

# an album artist only, no artist
A/X/1.mp3 | al: X; aa: A
A/X/2.mp3 | al: X; aa: A
=> X | A | 1 2

# a folder with a name like a disc's that is none
A/Discography/1.mp3 | al: X; ar: A; aa: A
A/CD Singles/2.mp3 | al: Y; ar: A; aa: A
=> X | A | 1
=> Y | A | 2

# a name that is no UTF-8
A/X\xff/1.mp3 | ti: One
A/X\xff/2.mp3 | ti: Two
=> X� | A | 1 2
`

// layout is one case of the table.
type layout struct {
	name, separator string
	files           []laid
	albums          []string
	artists         string
}

// laid is one file of a case: its path and its tags as ID3v2 frames.
type laid struct {
	path   string
	frames []string
}

func parseLayouts(t *testing.T) []layout {
	t.Helper()
	frames := map[string]string{"al": "TALB", "aa": "TPE2", "ar": "TPE1", "ti": "TIT2", "tr": "TRCK", "di": "TPOS", "y": "TYER", "comp": "TCMP",
		"aas": "TXXX:ALBUMARTISTS", "ars": "TXXX:ARTISTS", "rel": "TXXX:MusicBrainz Album Id", "arid": "TXXX:MusicBrainz Artist Id",
		"aaid": "TXXX:MusicBrainz Album Artist Id", "ver": "TXXX:MusicBrainz Album Comment"}
	var out []layout
	for line := range strings.Lines(layouts) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "":
			continue
		case strings.HasPrefix(line, "# "):
			out = append(out, layout{name: line[2:]})
			continue
		}
		l := &out[len(out)-1]
		switch {
		case strings.HasPrefix(line, "separators "):
			l.separator = line[len("separators "):]
		case strings.HasPrefix(line, "=> "):
			l.albums = append(l.albums, line[3:])
		case strings.HasPrefix(line, "@ "):
			l.artists = line[2:]
		default:
			p, tags, ok := strings.Cut(line, " |")
			if !ok {
				t.Fatalf("%s: %q is no file", l.name, line)
			}
			f := laid{path: strings.ReplaceAll(p, `\xff`, "\xff")}
			for tag := range strings.SplitSeq(strings.TrimPrefix(tags, " "), "; ") {
				if tag == "" {
					continue
				}
				k, v, _ := strings.Cut(tag, ": ")
				frame := frames[k]
				if frame == "" {
					t.Fatalf("%s: no tag %q", l.name, k)
				}
				values := strings.Split(v, " + ")
				if k == "rel" || strings.HasSuffix(k, "id") {
					for i, v := range values {
						values[i] = fakeUUID(v)
					}
				}
				v = strings.Join(values, "\x00")
				if id, desc, ok := strings.Cut(frame, ":"); ok {
					frame, v = id, desc+"\x00"+v
				}
				f.frames = append(f.frames, frame, v)
			}
			l.files = append(l.files, f)
		}
	}
	return out
}

// fakeUUID is the MusicBrainz id that a letter stands for.
func fakeUUID(letter string) string {
	return fmt.Sprintf("00000000-0000-4000-8000-0000000000%02x", letter[0])
}

// scanned shows what a scan made of a library: its albums as in the table,
// and the artists of songs and albums.
func (h *house) scanned() (albums []string, artists string) {
	h.t.Helper()
	byAlbum := map[models.Key][]*models.Song{}
	bases := map[string]int{}
	for key, s := range h.songs() {
		byAlbum[s.Album] = append(byAlbum[s.Album], s)
		bases[baseName(key)]++
	}
	var names []string
	credit := func(c models.Credit) string {
		// The row's own name: what is credited may be written in another way.
		a, err := h.catalog.Artist(h.t.Context(), h.view, c.Artist)
		if err != nil {
			h.t.Fatal(err)
		}
		name := a.Name
		if a.ID != "" && a.ID != variousID {
			n, _ := strconv.ParseUint(a.ID[len(a.ID)-2:], 16, 8)
			name += ":" + string(rune(n))
		}
		return name
	}
	for _, a := range h.albums() {
		songs := byAlbum[a.Key]
		inOrder(songs)
		var files []string
		disc := 0
		for _, s := range songs {
			if d := max(1, s.Disc); disc != 0 && d != disc {
				files = append(files, "/")
			}
			disc = max(1, s.Disc)
			files = append(files, baseName(s.ObjectKey))
			for _, c := range s.Credits {
				if c.Role == models.RoleArtist {
					names = append(names, credit(c))
				}
			}
			if s.AlbumName != a.Name {
				h.t.Errorf("%s is on %q and shows %q", s.ObjectKey, a.Name, s.AlbumName)
			}
		}
		var by []string
		for _, c := range a.Credits {
			n, _, _ := strings.Cut(credit(c), ":")
			by = append(by, n)
		}
		line := a.Name + " | " + strings.Join(by, " + ") + " | " + strings.Join(files, " ")
		if a.Compilation {
			line += " | compilation"
		}
		albums = append(albums, line)
		if a.Songs != len(songs) {
			h.t.Errorf("%s counts %d songs", line, a.Songs)
		}
	}
	slices.Sort(albums)
	slices.Sort(names)
	return albums, strings.Join(slices.Compact(names), " + ")
}

// explained checks that what explains an album is what made it: the same
// functions over what the catalog holds give the group that its row has, and
// give it to no neighbour.
func (h *house) explained() {
	h.t.Helper()
	for _, a := range h.albums() {
		w, err := Explain(h.t.Context(), h.catalog, h.view, a.Key)
		if err != nil {
			h.t.Fatal(err)
		}
		group, err := h.catalog.Group(h.t.Context(), a.Key)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(w.Songs) != a.Songs {
			h.t.Errorf("%q has %d songs and %d are explained", a.Name, a.Songs, len(w.Songs))
		}
		for _, s := range w.Songs {
			if s.group != group {
				h.t.Errorf("%s is explained by the group %q and stands in %q", s.Song.ObjectKey, s.group, group)
			}
		}
		for _, n := range w.Neighbours {
			if n.group == group || n.Because == "" {
				h.t.Errorf("%q beside %q: %q because %q", n.Album.Name, a.Name, n.group, n.Because)
			}
		}
	}
}

func TestLayouts(t *testing.T) {
	list := parseLayouts(t)
	if len(list) < 80 {
		t.Errorf("%d layouts", len(list))
	}
	for _, l := range list {
		t.Run(l.name, func(t *testing.T) {
			var o Options
			if l.separator != "" {
				o.ArtistSeparators = []string{l.separator}
			}
			t.Parallel()
			backward := slices.Clone(l.files)
			slices.Reverse(backward)
			for _, way := range []struct {
				name  string
				files []laid
				each  bool
				many  int
			}{{"at once", l.files, false, 0}, {"one by one, backward", backward, true, 0}, {"one by one, every folder being large", l.files, true, 1}} {
				o.many = way.many
				h := newHouse(t, o)
				for _, f := range way.files {
					h.mp3(f.path, f.frames...)
					if way.each {
						h.scan(Request{})
					}
				}
				h.scan(Request{})
				albums, artists := h.scanned()
				if !slices.Equal(albums, l.albums) {
					t.Errorf("%s:\ngot  %s\nwant %s", way.name, strings.Join(albums, "\n     "), strings.Join(l.albums, "\n     "))
				}
				h.explained()
				if l.artists != "" && artists != l.artists {
					t.Errorf("%s: artists %s, want %s", way.name, artists, l.artists)
				}
			}
		})
	}
}

// When songs go, what is left is grouped as if they had never been.
func TestLayoutsShrink(t *testing.T) {
	for _, l := range parseLayouts(t) {
		if len(l.files) < 2 {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			gone := len(l.files) / 2
			shrunk, never := newHouse(t, Options{MissingShare: 1}), newHouse(t, Options{})
			for i, f := range l.files {
				shrunk.mp3(f.path, f.frames...)
				if i >= gone {
					never.mp3(f.path, f.frames...)
				}
			}
			shrunk.scan(Request{})
			for _, f := range l.files[:gone] {
				if err := os.Remove(filepath.Join(shrunk.dir, f.path)); err != nil {
					t.Fatal(err)
				}
			}
			shrunk.scan(Request{AcceptMissing: true})
			never.scan(Request{})
			albums, artists := shrunk.scanned()
			wantAlbums, wantArtists := never.scanned()
			// An artist keeps the MusicBrainz id that songs once told.
			artists, wantArtists = namesOnly(artists), namesOnly(wantArtists)
			if !slices.Equal(albums, wantAlbums) || artists != wantArtists {
				t.Errorf("got  %s\nwant %s\nartists %s, want %s", strings.Join(albums, "\n     "), strings.Join(wantAlbums, "\n     "), artists, wantArtists)
			}
			shrunk.explained()
		})
	}
}

// namesOnly drops the ids of a list of artists.
func namesOnly(list string) string {
	names := strings.Split(list, " + ")
	for i, n := range names {
		names[i], _, _ = strings.Cut(n, ":")
	}
	return strings.Join(slices.Compact(names), " + ")
}
