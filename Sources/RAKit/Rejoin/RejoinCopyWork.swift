internal import RACore

/// The copy among the work on the data: planned, configured, verified, swapped in.
extension RejoinDataWork {
    /// As the steps see things, but for the server that is copied from.
    private var copyContext: RejoinContext {
        RejoinContext(
            resource: context.resource,
            node: context.node,
            parameters: context.parameters,
            installation: context.installation,
            source: run.work.copySource ?? context.source,
            progress: context.progress
        )
    }

    func copy(_ method: RejoinMethod, _ journal: inout RejoinJournal) throws(RejoinFailure) -> [String] {
        try makeWay()
        if run.work.copySource != nil {
            // What comes while the copy is made must be there when it asks the primary for it.
            _ = try CopySlot(context: context, isInterrupted: { Interruption.isRequested }).reserve()
        }
        let (step, plan) = try planCopy(method)
        try KeptConfiguration(context).save()
        try enter(.copying, &journal)
        if step.options.isInPlace { try swap.removeFormer(plan.layout) }
        var notes: [String] = []
        let report = try step.copy(plan) { (directory) throws(RejoinFailure) in
            notes = try KeptConfiguration(context).restore(into: directory)
        }
        for note in notes { context.progress.note(note) }
        try enter(.swapping, &journal)
        try swap.prepare(plan.layout)
        try swap.perform()
        try forgetRewind()
        let verified = report.isVerified ? "verified" : "not verified: PostgreSQL \(context.source.majorVersion) can't"
        return ["copied \(report.bytes) bytes (\(verified))"]
            + report.stages.map { "\($0.name): \($0.milliseconds) ms" }
    }

    /// A copy that is in place and never came up gives way to the former data: two swaps at a time would be one too many.
    private func makeWay() throws(RejoinFailure) {
        guard case .swapped = swap.state() else { return }
        guard swap.canGoBack else { return try swap.finish() }
        context.progress.note("the copy in place can't follow \(context.source.node): the former data come back first")
        try swap.undo()
        try putLockBack()
        discardKeptConfiguration()
    }

    /// In place only where two copies don't fit, or the former data are gone already.
    private func planCopy(_ method: RejoinMethod) throws(RejoinFailure) -> (CopyStep, CopyPlan) {
        var options = CopyOptions(
            maxRate: run.options.maxRate,
            incrementalFrom: method == .incremental ? run.options.incrementalFrom : nil
        )
        let isBegun = swap.state() == .inPlace
        options.isInPlace = isBegun
        let step = CopyStep(context: copyContext, options: options)
        let plan = try step.plan()
        guard run.options.isInPlace, !isBegun, plan.rooms.contains(where: { !$0.isEnough }) else {
            try step.checkRoom(plan)
            return (step, plan)
        }
        options.isInPlace = true
        let inPlace = CopyStep(context: copyContext, options: options)
        let narrow = try inPlace.plan()
        try inPlace.checkRoom(narrow)
        return (inPlace, narrow)
    }
}
