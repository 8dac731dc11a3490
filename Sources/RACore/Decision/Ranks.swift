/// How far a standby may fall behind another before it ranks after it, in bytes: rank changes cost a transition.
let rankTolerance: UInt64 = 1 << 20

/// Ranks the standbys that stream: 100 for the first, then 99, 98 and so on.
///
/// The present order is kept while nobody is further behind than the tolerance, so that scores don't flicker.
func rankCandidates(
    _ set: ReplicaSet,
    links: [(node: String, link: PeerLink)],
    senders: [WALSender],
    cluster: ClusterObservation
) -> [String: Int] {
    let streaming = links.filter { $0.link.isStreaming }.map(\.node)
    let flushed = { (node: String) -> UInt64 in
        senders.filter { sameName($0.applicationName, node) }.compactMap { $0.flushedLSN?.bytes }.max() ?? 0
    }
    let present = { (node: String) -> Int in
        guard let text = attributeValue(.score, node: node, in: cluster, resource: set.resource),
            case .score(let number)? = PromotionScore(text)
        else { return 0 }
        return number
    }
    let furthest = streaming.map(flushed).max() ?? 0
    let ordered = streaming.enumerated().sorted { left, right in
        let (leftLag, rightLag) = (furthest - flushed(left.element), furthest - flushed(right.element))
        let (leftLags, rightLags) = (leftLag > rankTolerance, rightLag > rankTolerance)
        if leftLags != rightLags { return rightLags }
        if leftLags && leftLag != rightLag { return leftLag < rightLag }
        let (leftScore, rightScore) = (present(left.element), present(right.element))
        return leftScore != rightScore ? leftScore > rightScore : left.offset < right.offset
    }
    var ranks: [String: Int] = [:]
    for (index, entry) in ordered.enumerated() { ranks[entry.element] = max(1, 100 - index) }
    return ranks
}
