package extract

import "context"

// ShareCount tells how many requests the shares of a window need.
type ShareCount struct {
	List    int64 // requests for the list of all shares, if the list does not change meanwhile
	Visited int64 // number of shares that the API lists without "inactive", presumably those visited in the window
}

// CountShares asks for the first page of the list of shares, and for the number of shares without the inactive ones.
func (c *Client) CountShares(ctx context.Context, w Window) (n ShareCount, err error) {
	q := w.events()
	q.Set("inactive", "true")
	page, _, err := c.firstPage(ctx, &Report{}, q)
	if err != nil {
		return n, err
	}
	size := max(1, int64(len(page.recs)))
	if n.List = 1; page.total.V > size {
		n.List = 2 * ((page.total.V + size - 1) / size) // a list of several pages is read twice
	}
	q.Del("inactive")
	q.Set("page", "1")
	q.Set("page_size", "1")
	page, err = c.sharesPage(ctx, &Report{}, q)
	n.Visited = page.total.V // 0 if the list states no total
	return n, err
}
