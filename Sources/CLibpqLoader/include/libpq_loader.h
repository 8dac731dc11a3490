#ifndef PGSQL_SWIFT_LIBPQ_LOADER_H
#define PGSQL_SWIFT_LIBPQ_LOADER_H
#include "../../CLibpq/shim.h"

/* The functions of libpq that the project calls; documentation: PostgreSQL, "libpq - C Library". */
struct libpq {
    PGconn *(*connectStartParams)(const char *const *keywords, const char *const *values, int expand_dbname);
    PostgresPollingStatusType (*connectPoll)(PGconn *connection);
    void (*finish)(PGconn *connection);
    ConnStatusType (*status)(const PGconn *connection);
    int (*serverVersion)(const PGconn *connection);
    int (*backendPID)(const PGconn *connection);
    char *(*errorMessage)(const PGconn *connection);
    int (*socket)(const PGconn *connection);
    PGVerbosity (*setErrorVerbosity)(PGconn *connection, PGVerbosity verbosity);
    PQnoticeProcessor (*setNoticeProcessor)(PGconn *connection, PQnoticeProcessor processor, void *argument);
    int (*sendQuery)(PGconn *connection, const char *query);
    PGresult *(*getResult)(PGconn *connection);
    int (*isBusy)(PGconn *connection);
    int (*consumeInput)(PGconn *connection);
    ExecStatusType (*resultStatus)(const PGresult *result);
    char *(*resultErrorMessage)(const PGresult *result);
    char *(*resultErrorField)(const PGresult *result, int field);
    int (*ntuples)(const PGresult *result);
    int (*nfields)(const PGresult *result);
    char *(*getvalue)(const PGresult *result, int row, int column);
    int (*getisnull)(const PGresult *result, int row, int column);
    void (*clear)(PGresult *result);
};

/* libpq's functions, loaded at the first call: a process that asks no server doesn't pay for its 20 libraries.
   NULL when libpq.so.5 isn't on this machine; libpq_problem() then says why. */
const struct libpq *libpq_functions(void);
const char *libpq_problem(void);
#endif
