package load_test

import (
	"testing"

	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }
