// Package check looks whether everything that a load needs is there. It changes nothing.
//
// Promised: each check gives one result, or one for each account: ok, warn or fail. What is not ok has a remedy. The checks of the
// database that can fail are those with which run and serve refuse to start: both call Run. A check that cannot be carried out has
// failed, with the error. No result has a secret.
//
// Not promised: that a load succeeds. The API is asked one cheap question.
//
// To add a check of the database, add an entry to databaseChecks; of the API, a function to accountChecks.
package check
