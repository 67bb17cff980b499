package postgres

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// ConnectError is a failure to connect, with its cause and its remedy. Its text has the host and the port, and, if the server answered
// with an error, may have the user, the database and the name of a parameter. It never has a password or another part of the address.
type ConnectError struct {
	Cause  string // what is wrong
	Remedy string // what to do
	errs   []error
}

func (e *ConnectError) Error() string { return "no connection: " + e.Cause + ": " + e.Remedy }

// Unwrap returns the server's answer as an *Error, if there is one, and the original error, whose text must not be shown.
func (e *ConnectError) Unwrap() []error { return e.errs }

// explain finds the cause of a failure to connect.
func explain(err *pgconn.ConnectError) *ConnectError {
	e := &ConnectError{errs: []error{err}}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		own := redacted(answer)
		e.errs = []error{own, err}
		e.Cause, e.Remedy = answered(own, answer.Message, err.Config)
		e.Remedy = cmp.Or(Remedy(answer), e.Remedy)
		return e
	}
	for _, find := range []func(*pgconn.ConnectError) (cause, remedy string){certificate, network} {
		if e.Cause, e.Remedy = find(err); e.Cause != "" {
			return e
		}
	}
	e.Cause, e.Remedy = "the connection to "+address(err.Config)+" broke or cannot be used", "read the server's log, and check that a PostgreSQL server listens there"
	return e
}

const setAddress = "in DATABASE_URL, or PGHOST and PGPORT"

// answered explains an error that the server sent. message is the server's text, which may quote a value.
func answered(own *Error, message string, cfg *pgconn.Config) (cause, remedy string) {
	cause = fmt.Sprintf("%s answers: %s (SQLSTATE %s)", address(cfg), own.text, own.Code)
	switch own.Code {
	case pgerrcode.InvalidPassword, pgerrcode.InvalidAuthorizationSpecification:
		if own.Code == pgerrcode.InvalidPassword && cfg.Password == "" {
			return cause + ", and no password is set", "set the password: in DATABASE_URL or the file of DATABASE_URL_FILE, in PGPASSWORD, or in the file that PGPASSFILE names"
		}
		if own.Code == pgerrcode.InvalidPassword {
			return cause, "correct the user or the password (characters such as @ : / % must be written as %XX in a URL)"
		}
		return cause, "let the user log in from this machine: a line for the user, the database and this address in the server's pg_hba.conf, and a role with LOGIN; or correct the user, the database or sslmode"
	case pgerrcode.InvalidCatalogName:
		return cause, "create the database (createdb), or correct its name"
	case pgerrcode.InsufficientPrivilege:
		return cause, "run GRANT CONNECT ON DATABASE … TO the user as the database's owner"
	case pgerrcode.UndefinedObject, pgerrcode.InvalidParameterValue, pgerrcode.CantChangeRuntimeParam, pgerrcode.ProtocolViolation, pgerrcode.FeatureNotSupported:
		if name := parameter(message, cfg); name != "" {
			return fmt.Sprintf("%s does not accept the parameter %s, or its value (SQLSTATE %s)", address(cfg), name, own.Code),
				fmt.Sprintf("remove %s from the address, the PG* variables or the service file, or correct its value; for PgBouncer, see ignore_startup_parameters", name)
		}
	case pgerrcode.TooManyConnections:
		return cause, "close other connections, or raise max_connections (or the limit of the role or the database)"
	case pgerrcode.CannotConnectNow, pgerrcode.AdminShutdown, pgerrcode.CrashShutdown:
		return cause, "wait until the server has started"
	}
	return cause, "look up the SQLSTATE and read the server's log"
}

// parameter returns the parameter of the address that a message of the server quotes, or "".
func parameter(message string, cfg *pgconn.Config) string {
	for name := range cfg.RuntimeParams {
		for _, quoted := range []string{`"` + name + `"`, ": " + name} { // as Postgres quotes it, as PgBouncer does
			if strings.Contains(strings.ToLower(message), strings.ToLower(quoted)) {
				return name
			}
		}
	}
	return ""
}

// certificate explains a refused certificate, and TLS that one side refuses.
func certificate(err *pgconn.ConnectError) (cause, remedy string) {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	at := address(err.Config)
	switch {
	case errors.As(err, &unknown):
		return "the certificate of " + at + " is not signed by an authority that this machine trusts",
			"name the file of the authority's certificate with sslrootcert (or PGSSLROOTCERT); sslmode=require without sslrootcert encrypts, but does not check who answers"
	case errors.As(err, &host):
		return "the certificate of " + at + " is for another host", "connect to a host that the certificate names, or write sslmode=verify-ca, which does not compare the host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + at + " has expired or is not valid yet", "renew the certificate, or set this machine's clock"
	case errors.As(err, &invalid):
		return "the certificate of " + at + " is not valid for a server", "replace the server's certificate"
	case errors.As(err, &alert):
		return at + " ended the TLS handshake: " + alert.Error(), "set sslcert and sslkey if the server requires a client certificate, and read the server's log"
	case errors.As(err, &record):
		return at + " does not speak TLS", "check that a PostgreSQL server listens there"
	case refusedTLS(err):
		return at + " does not offer TLS, and sslmode requires it", "switch TLS on in the server (ssl = on); sslmode=prefer connects without TLS, which shows the data and may show the password to the network"
	}
	return "", ""
}

// refusedTLS tells whether the server refused TLS. pgconn has no type and no value for this error.
func refusedTLS(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			return slices.ContainsFunc(all.Unwrap(), refusedTLS)
		}
		if err.Error() == "server refused TLS connection" {
			return true
		}
	}
	return false
}

// network explains a server that cannot be reached.
func network(err *pgconn.ConnectError) (cause, remedy string) {
	var name *net.DNSError
	at := address(err.Config)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "the host " + name.Name + " does not exist", "correct the host " + setAddress + ", or this machine's name resolution"
	case errors.As(err, &name):
		return "the host " + name.Name + " cannot be looked up now", "check this machine's name resolution"
	case errors.Is(err, syscall.ECONNREFUSED):
		return at + " refuses connections: no server listens there", "start the server, let it listen there (listen_addresses, port), or correct host and port " + setAddress
	case errors.Is(err, fs.ErrNotExist):
		return "there is no socket " + at + ": no server runs on this machine, or its sockets are elsewhere", "start the server, or set the host " + setAddress
	case errors.Is(err, fs.ErrPermission):
		return "this program may not use the socket " + at, "give its user the right, or connect to a host instead"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return at + " cannot be reached from this machine's network", "check the network, or correct the host " + setAddress
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return at + " does not answer in time", "check the network and firewalls, or correct host and port " + setAddress
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return at + " closed the connection", "check that it is a PostgreSQL server and not another program, and read its log"
	}
	return "", ""
}

// address lists the hosts and ports, or sockets, to which the program tried to connect.
func address(cfg *pgconn.Config) string {
	var all []string
	add := func(host string, port uint16) {
		if _, at := pgconn.NetworkAddress(host, port); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	add(cfg.Host, cfg.Port)
	for _, f := range cfg.Fallbacks {
		add(f.Host, f.Port)
	}
	return strings.Join(all, " or ")
}
