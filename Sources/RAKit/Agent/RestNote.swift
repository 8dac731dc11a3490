import RACore

/// When the cluster was read last and nothing was to do, and how the primary looked.
struct RestNote {
    private let file: RunFile

    /// - Parameter resource: the resource whose primary rests.
    init(resource: String) { file = RunFile("rest", resource: resource) }

    /// What the primary looked like, if the look is recent enough to rest on.
    func read() -> RestingState? {
        guard let note = file.read(), file.isRecent(milliseconds: UInt64(RestingState.longestMilliseconds)) else {
            return nil
        }
        return RestingState(text: String(note.body))
    }

    /// - Parameter moment: when the cluster was asked.
    func write(_ state: RestingState, at moment: Moment) {
        file.write(moment, body: state.text)
    }

    func forget() { file.remove() }
}

extension Agent {
    private var restNote: RestNote { RestNote(resource: environment.resource) }

    /// The look that this monitor may rest on: none for a probe, a call by hand and a deeper check.
    var formerRest: RestingState? {
        guard environment.isRecurring, environment.checkLevel < 10 else { return nil }
        return restNote.read()
    }

    /// How the primary looks now; nil when something is under way.
    func presentRest(_ instance: InstanceObservation) -> RestingState? {
        guard case .answering(let facts) = instance.server else { return nil }
        return presentRest(instance.postmaster, facts)
    }

    private func presentRest(_ postmaster: PostmasterObservation, _ facts: ServerFacts) -> RestingState? {
        guard case .running(let file) = postmaster, let state = RestingState(replicaSet(nil), server: facts) else {
            return nil
        }
        return RestingState(text: "\(file.processID)\n\(state.text)")
    }

    /// Lets the next monitors rest on this action's look, if it found everything in its place.
    func rest(
        _ postmaster: PostmasterObservation,
        _ facts: ServerFacts,
        _ record: ClusterRecord?,
        _ cluster: ClusterObservation
    ) {
        guard mayRest(replicaSet(cluster), record: record, cluster: cluster),
            let state = presentRest(postmaster, facts)
        else { return }
        restNote.write(state, at: began)
    }

    /// Whatever is about to act may change what a look was worth, and be killed before its end.
    func endRest() { restNote.forget() }
}
