import RACore

extension ClusterTools {
    /// Writes permanent attributes of one node and the CIB's version as a single change of the CIB: half the time of a
    /// command for each, and nobody sees one without the other.
    ///
    /// - Returns: whether it is done; false where these effects can't be, or Pacemaker has refused.
    func writeAtOnce(_ effects: [ClusterEffect], in cluster: ClusterObservation, by deadline: Deadline) -> Bool {
        guard let command = commandAtOnce(effects, in: cluster) else { return false }
        return run(command, by: deadline.capped(milliseconds: callMilliseconds)).isSuccess
    }

    /// The same, not yet run; nil for effects of another kind, and where the CIB has the node's attributes in several sets, or
    /// only at times.
    func commandAtOnce(_ effects: [ClusterEffect], in cluster: ClusterObservation) -> Command? {
        var (epoch, pairs): (Int?, [(name: String, value: String)]) = (nil, [])
        var node: String?
        for effect in effects {
            switch effect {
            case .set(let attribute, let name, let value) where attribute.isPermanent && node ?? name == name:
                node = name
                pairs.append((attribute.name(resource: resource), value))
            case .outrank(let wanted): epoch = wanted
            case .set, .delete, .record, .waitFor, .publish, .withdrawPosition, .reconnectReceiver: return nil
            }
        }
        guard let epoch, let node, let place = cluster.node(node)?.place else { return nil }
        let elements = pairs.map { pair in
            let id = place.pairIDs[pair.name] ?? place.setID + "-" + pair.name
            return "<nvpair id=\"\(escapedXML(id))\" name=\"\(escapedXML(pair.name))\" "
                + "value=\"\(escapedXML(pair.value))\"/>"
        }
        let text =
            "<cib admin_epoch=\"\(epoch)\"><configuration><nodes><node id=\"\(escapedXML(place.nodeID))\">"
            + "<instance_attributes id=\"\(escapedXML(place.setID))\">" + elements.joined()
            + "</instance_attributes></node></nodes></configuration></cib>"
        return Command("cibadmin", ["--modify", "--xml-text", text])
    }
}
