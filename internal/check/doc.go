// Package check finds out whether everything that a load needs is there. It changes nothing.
//
// Promised: each check gives one result, or one for each account: ok, warn or fail. A result that is not ok has a remedy. If a check
// of the database fails, run and serve refuse to start for the same reason, because both call Run. A check that cannot be carried out
// fails, and its result has the error. No result has a secret.
//
// Not promised: that a load succeeds. The API is asked one cheap question.
//
// To add a check of the database, add an entry to databaseChecks. To add a check of the API, add an entry to accountChecks.
package check
