#include "libpq_loader.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static struct libpq functions;
static const char *problem;

/* dlsym gives an object pointer; POSIX has it hold a function's address. */
#define LOAD(field, symbol) \
    if (!(*(void **)&functions.field = dlsym(library, symbol))) { \
        problem = dlerror(); \
        return; \
    }

static void load(void) {
    void *library = dlopen("libpq.so.5", RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
        problem = dlerror();
        return;
    }
    LOAD(connectStartParams, "PQconnectStartParams")
    LOAD(connectPoll, "PQconnectPoll")
    LOAD(finish, "PQfinish")
    LOAD(status, "PQstatus")
    LOAD(serverVersion, "PQserverVersion")
    LOAD(backendPID, "PQbackendPID")
    LOAD(errorMessage, "PQerrorMessage")
    LOAD(socket, "PQsocket")
    LOAD(setErrorVerbosity, "PQsetErrorVerbosity")
    LOAD(setNoticeProcessor, "PQsetNoticeProcessor")
    LOAD(sendQuery, "PQsendQuery")
    LOAD(getResult, "PQgetResult")
    LOAD(isBusy, "PQisBusy")
    LOAD(consumeInput, "PQconsumeInput")
    LOAD(resultStatus, "PQresultStatus")
    LOAD(resultErrorMessage, "PQresultErrorMessage")
    LOAD(resultErrorField, "PQresultErrorField")
    LOAD(ntuples, "PQntuples")
    LOAD(nfields, "PQnfields")
    LOAD(getvalue, "PQgetvalue")
    LOAD(getisnull, "PQgetisnull")
    LOAD(clear, "PQclear")
}

const struct libpq *libpq_functions(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return problem ? NULL : &functions;
}

const char *libpq_problem(void) {
    return problem ? problem : "";
}
