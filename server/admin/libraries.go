package admin

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/probe"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// refresh is how often a page that shows a scan is loaded again, in seconds.
const refresh = 5

// libraryRow is a library and its last scan.
type libraryRow struct {
	manage.Library
	Last *models.ScanRun // nil before the first
}

// running is the scan that runs.
type running struct {
	scans.Status
	Name string
}

type overviewData struct {
	Libraries []libraryRow
	Running   *running
	Waiting   bool // a scan is asked for and does not run yet
	Songs     int
}

// overview is the page of administrators; others get their own.
func (p *Pages) overview(v *visit) error {
	if !v.admin() {
		return v.to(userPage(v.who.User.Key))
	}
	var d overviewData
	var err error
	if d.Libraries, err = p.rows(v); err != nil {
		return err
	}
	for _, l := range d.Libraries {
		d.Songs += l.Songs
	}
	out := page{Title: "Libraries"}
	d.Running, d.Waiting = p.running(v, d.Libraries)
	if d.Running != nil || d.Waiting {
		out.Refresh = refresh
	}
	out.Data = d
	return p.present(v, nil, "overview", out)
}

// running tells of the scan that runs, and whether one waits.
func (p *Pages) running(v *visit, of []libraryRow) (*running, bool) {
	if now, ok := p.Manage.Current(v.who); ok {
		r := running{now, fmt.Sprint(now.Library)}
		for _, l := range of {
			if l.Number == now.Library {
				r.Name = l.Name
			}
		}
		return &r, false
	}
	waiting, _ := p.Manage.Scans.Status()
	return nil, waiting
}

// rows returns the libraries with their last scans.
func (p *Pages) rows(v *visit) ([]libraryRow, error) {
	ctx := v.Request().Context()
	all, err := p.Manage.Libraries(ctx, v.who)
	if err != nil {
		return nil, err
	}
	runs, err := p.Manage.Runs(ctx, v.who, 0)
	if err != nil {
		return nil, err
	}
	last := map[int]*models.ScanRun{}
	for _, r := range runs {
		if last[r.Library] == nil && r.State != models.ScanRunning {
			last[r.Library] = r
		}
	}
	var out []libraryRow
	for _, l := range all {
		out = append(out, libraryRow{l, last[l.Number]})
	}
	return out, nil
}

func (p *Pages) startScan(v *visit) error {
	numbers, err := v.numbers("library")
	if err != nil {
		return err
	}
	err = p.Manage.StartScan(v.Request().Context(), v.who, manage.ScanOrder{
		Libraries: numbers, Full: v.field("full") != "", AcceptMissing: v.field("accept") != "",
	})
	if err != nil {
		return err
	}
	return v.to("")
}

func (p *Pages) stopScan(v *visit) error {
	if err := p.Manage.StopScan(v.who); err != nil {
		return err
	}
	p.tell(v, note{Text: "The scan ends. The next one goes on where it was."})
	return v.to("")
}

// number reads a library's number in the path.
func (v *visit) number() (int, error) {
	n, err := strconv.Atoi(v.Param("library"))
	if err != nil {
		return 0, models.ErrNotFound
	}
	return n, nil
}

type newLibraryData struct {
	Location, Name string
	Again          bool // a trial found the place wrong
	Names          []string
	Test           *probe.Report
}

func (p *Pages) newLibraryPage(v *visit) error { return p.newLibrary(v, nil, nil) }

func (p *Pages) newLibrary(v *visit, wrong error, r *probe.Report) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	return p.present(v, wrong, "newlibrary", page{Title: "Add a library", Data: newLibraryData{
		v.field("location"), v.field("name"), errors.Is(wrong, models.ErrInvalid), secretNames, r,
	}})
}

func (p *Pages) addLibrary(v *visit) error {
	secret, err := v.secret()
	if err != nil {
		return p.newLibrary(v, err, nil)
	}
	ctx := v.Request().Context()
	if v.field("test") != "" {
		r, err := p.Manage.TestPlace(ctx, v.who, v.field("location"), secret)
		return p.newLibrary(v, err, r)
	}
	l, err := p.Manage.AddLibrary(ctx, v.who, manage.NewLibrary{
		Location: v.field("location"), Name: v.field("name"), Kind: v.field("kind"), Secret: secret, Force: v.field("force") != "",
	})
	if err != nil {
		return p.newLibrary(v, err, nil)
	}
	p.tell(v, note{Text: l.Name + " is added and will be scanned."})
	return v.to("")
}

// secretNames are offered as the names in a bucket's secret.
var secretNames = []string{
	"access_key_id", "secret_access_key", "session_token", "credentials_json", "account", "key", "sas", "connection_string",
}

// secretRows number the names and values that a form for a secret has.
var secretRows = []int{1, 2, 3}

// secret reads the names and values of a form; empty rows are none.
func (v *visit) secret() (storage.Secret, error) {
	secret := storage.Secret{}
	names, values := v.Request().PostForm["secret-name"], v.Request().PostForm["secret-value"]
	for i, name := range names[:min(len(names), len(values), len(secretRows))] {
		name, value := strings.TrimSpace(name), strings.TrimSpace(values[i])
		switch {
		case value == "":
		case name == "" || secret[name] != "":
			return nil, fmt.Errorf("each value of the secret needs a name of its own: %w", models.ErrInvalid)
		default:
			secret[name] = value
		}
	}
	return secret, nil
}

// reader is a user as a box to tick.
type reader struct {
	User *models.User
	On   bool
}

type libraryData struct {
	libraryRow
	Bucket  bool
	Names   []string // of secrets
	Others  []manage.Library
	Test    *probe.Report
	Costs   *costData // of a bucket
	Runs    []*models.ScanRun
	Readers []reader
}

// shownRuns is how many scans a library's page lists.
const shownRuns = 10

func (p *Pages) library(v *visit) error { return p.libraryPage(v, nil) }

func (p *Pages) libraryPage(v *visit, wrong error) error { return p.libraryTested(v, wrong, nil) }

// libraryTested is the library's page with what a trial found, if there was one.
func (p *Pages) libraryTested(v *visit, wrong error, r *probe.Report) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	ctx := v.Request().Context()
	n, err := v.number()
	if err != nil {
		return err
	}
	d := libraryData{Names: secretNames, Test: r}
	all, err := p.Manage.Libraries(ctx, v.who)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Number == n {
			d.Library = l
		} else if l.Settings.CopiesOf == 0 {
			d.Others = append(d.Others, l)
		}
	}
	if d.Number == 0 {
		return models.ErrNotFound
	}
	if _, _, d.Bucket = catalog.Bucket(d.Location); d.Bucket {
		if d.Costs, err = p.costs(v, n); err != nil {
			return err
		}
	}
	if d.Runs, err = p.Manage.Runs(ctx, v.who, n); err != nil {
		return err
	}
	d.Runs = d.Runs[:min(shownRuns, len(d.Runs))]
	users, err := p.Manage.Users(ctx, v.who)
	if err != nil {
		return err
	}
	reading, err := p.Manage.Readers(ctx, v.who, n)
	if err != nil {
		return err
	}
	reads := map[models.Key]bool{}
	for _, u := range reading {
		reads[u.Key] = true
	}
	for _, u := range users {
		d.Readers = append(d.Readers, reader{u, reads[u.Key]})
	}
	return p.present(v, wrong, "library", page{Title: d.Name, Data: d})
}

func libraryPath(n int) string { return "libraries/" + strconv.Itoa(n) }

func (p *Pages) changeLibrary(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	name, kind := v.field("name"), v.field("kind")
	change := manage.LibraryChange{Name: &name}
	if kind != "" {
		change.Kind = &kind
	}
	if of, err := strconv.Atoi(v.field("copies-of")); err == nil {
		change.CopiesOf = &of
	}
	if _, err := p.Manage.ChangeLibrary(v.Request().Context(), v.who, n, change); err != nil {
		return p.libraryPage(v, err)
	}
	p.tell(v, note{Text: "Saved."})
	return v.to(libraryPath(n))
}

// setBucket changes what is set of a bucket.
func (p *Pages) setBucket(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	secret, err := v.secret()
	if err != nil {
		return p.libraryPage(v, err)
	}
	change := manage.LibraryChange{Force: v.field("force") != ""}
	if err := v.costs(&change); err != nil {
		return p.libraryPage(v, err)
	}
	if redirect := v.field("redirect"); redirect != "" {
		change.Redirect = &redirect
	}
	if len(secret) > 0 || v.field("drop") != "" {
		change.Secret = &secret
	}
	if _, err := p.Manage.ChangeLibrary(v.Request().Context(), v.who, n, change); err != nil {
		return p.libraryPage(v, err)
	}
	p.tell(v, note{Text: "Saved."})
	return v.to(libraryPath(n))
}

// costs reads prices and bounds of a form that has them.
func (v *visit) costs(change *manage.LibraryChange) error {
	if !v.Request().PostForm.Has("request-cap") {
		return nil
	}
	var wrong error
	number := func(name string) float64 {
		text := v.field(name)
		if text == "" {
			return 0
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			wrong = fmt.Errorf("%q is no number: write it like 0.005: %w", text, models.ErrInvalid)
		}
		return n
	}
	requests, bytes := int64(number("request-cap")), int64(number("gigabyte-cap")*1e9)
	change.RequestCap, change.ByteCap = &requests, &bytes
	change.Prices = &models.Prices{Lists: number("price-lists"), Heads: number("price-heads"), Gets: number("price-gets"), Bytes: number("price-bytes")}
	return wrong
}

// testLibrary shows what a trial of a library finds.
func (p *Pages) testLibrary(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	r, err := p.Manage.TestLibrary(v.Request().Context(), v.who, n)
	return p.libraryTested(v, err, r)
}

// hook makes or ends the secret of a library's events.
func (p *Pages) hook(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	ctx := v.Request().Context()
	if v.field("end") != "" {
		if err := p.Manage.EndHook(ctx, v.who, n); err != nil {
			return p.libraryPage(v, err)
		}
		p.tell(v, note{Text: "No events are let in any more."})
		return v.to(libraryPath(n))
	}
	clear, err := p.Manage.NewHook(ctx, v.who, n)
	if err != nil {
		return p.libraryPage(v, err)
	}
	p.tell(v, note{Secret: clear, Name: fmt.Sprintf("%s/hooks/bucket/%d", p.BasePath, n)})
	return v.to(libraryPath(n))
}

// setReaders makes those who are ticked read the library, of those who don't
// read all.
func (p *Pages) setReaders(v *visit) error {
	ctx := v.Request().Context()
	n, err := v.number()
	if err != nil {
		return err
	}
	users, err := p.Manage.Users(ctx, v.who)
	if err != nil {
		return err
	}
	reading, err := p.Manage.Readers(ctx, v.who, n)
	if err != nil {
		return err
	}
	reads, wanted := map[models.Key]bool{}, map[string]bool{}
	for _, u := range reading {
		reads[u.Key] = true
	}
	for _, id := range v.Request().PostForm["user"] {
		wanted[id] = true
	}
	for _, u := range users {
		want := wanted[models.ID{Kind: models.KindUser, Key: u.Key}.String()]
		switch {
		case u.AllLibraries, want == reads[u.Key]:
			continue
		case want:
			err = p.Manage.Grant(ctx, v.who, u.Key, n)
		default:
			err = p.Manage.Revoke(ctx, v.who, u.Key, n)
		}
		if err != nil {
			return p.libraryPage(v, err)
		}
	}
	p.tell(v, note{Text: "Saved."})
	return v.to(libraryPath(n))
}

func (p *Pages) removeLibraryPage(v *visit) error { return p.askRemoveLibrary(v, nil) }

func (p *Pages) askRemoveLibrary(v *visit, wrong error) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	n, err := v.number()
	if err != nil {
		return err
	}
	l, err := p.Manage.Library(v.Request().Context(), v.who, n)
	if err != nil {
		return err
	}
	return p.present(v, wrong, "removelibrary", page{Title: "Remove " + l.Name + "?", Data: l})
}

func (p *Pages) removeLibrary(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	if err := p.Manage.RemoveLibrary(v.Request().Context(), v.who, n); err != nil {
		return p.askRemoveLibrary(v, err)
	}
	p.tell(v, note{Text: "The library is removed. Its files are untouched."})
	return v.to("")
}

// purgeDays is the age that the page of missing songs offers.
const purgeDays = 30

type missingData struct {
	Library  manage.Library
	Days     int
	Purge    catalog.Purge
	Songs    []catalog.MissingSong // the first of them
	Readable bool
}

func (p *Pages) missingPage(v *visit) error {
	days, err := strconv.Atoi(v.QueryParam("days"))
	if err != nil || days < 0 || days > 10000 {
		days = purgeDays
	}
	return p.missing(v, days, nil)
}

func (p *Pages) missing(v *visit, days int, wrong error) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	n, err := v.number()
	if err != nil {
		return err
	}
	ctx := v.Request().Context()
	d := missingData{Days: days, Readable: p.Manage.Catalog.ViewerOf(v.who).Reads(n)}
	if d.Library, err = p.Manage.Library(ctx, v.who, n); err != nil {
		return err
	}
	if d.Purge, d.Songs, err = p.Manage.Missing(ctx, v.who, n, time.Duration(days)*24*time.Hour, pageSize, 0); err != nil {
		return err
	}
	return p.present(v, wrong, "missing", page{Title: "Missing from " + d.Library.Name, Data: d})
}

func (p *Pages) purge(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(v.field("days"))
	if err != nil || days < 0 || days > 10000 {
		return p.missing(v, purgeDays, fmt.Errorf("give a number of days: %w", models.ErrInvalid))
	}
	done, err := p.Manage.Purge(v.Request().Context(), v.who, n, time.Duration(days)*24*time.Hour)
	if err != nil {
		return p.missing(v, days, err)
	}
	p.tell(v, note{Text: fmt.Sprintf("%d missing songs are purged.", done.Songs)})
	return v.to(libraryPath(n))
}

type problemsData struct {
	Run      *models.ScanRun
	Library  manage.Library
	Problems []models.ScanProblem
	Total    int
	From, To int
	Earlier  int // the page before; 0 for none
	Later    int
}

// pageSize is how many problems a page shows.
const pageSize = 100

func (p *Pages) problems(v *visit) error {
	ctx := v.Request().Context()
	k, err := v.param("scan", models.KindRun)
	if err != nil {
		return err
	}
	var d problemsData
	if d.Run, err = p.Manage.Run(ctx, v.who, k); err != nil {
		return err
	}
	if d.Library, err = p.Manage.Library(ctx, v.who, d.Run.Library); err != nil {
		return err
	}
	n, err := strconv.Atoi(v.QueryParam("page"))
	if err != nil || n < 1 || n > math.MaxInt32/pageSize {
		n = 1
	}
	if d.Problems, d.Total, err = p.Manage.Problems(ctx, v.who, k, pageSize, (n-1)*pageSize); err != nil {
		return err
	}
	d.From, d.To = (n-1)*pageSize+1, (n-1)*pageSize+len(d.Problems)
	if n > 1 {
		d.Earlier = n - 1
	}
	if d.To < d.Total && len(d.Problems) > 0 {
		d.Later = n + 1
	}
	return p.present(v, nil, "problems", page{Title: "Scan of " + d.Library.Name, Data: d})
}
