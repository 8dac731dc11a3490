public import RACore

/// The cluster and the resource's configuration, as this node knows them.
public struct ResourceContext: Sendable {
    public var source: StatusSource
    /// Only names, settings and permanent attributes count when the source is a saved configuration.
    public var cluster: ClusterObservation
    public var configuration: ResourceConfiguration

    public init(source: StatusSource, cluster: ClusterObservation, configuration: ResourceConfiguration) {
        self.source = source
        self.cluster = cluster
        self.configuration = configuration
    }
}

/// Why no configuration could be had.
public enum ContextProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Neither the cluster nor the file it saves its configuration in could be read.
    case unreadable(cluster: String, file: String)
    /// A configuration was read, but not the resource in it.
    case resource(CIBError)

    public var description: String {
        switch self {
        case .unreadable(let cluster, let file):
            "the cluster can't be asked (\(cluster)), and its saved configuration can't be read (\(file)). "
                + "HINT: Run it as root on a node of the cluster."
        case .resource(.severalResources(let names)):
            "\(CIBError.severalResources(names).description). HINT: Choose one with --resource."
        case .resource(let error): "\(error.description). HINT: 'crm configure show' lists the resources."
        }
    }
}

/// Reads the settings from the cluster, or from the file in which it saves its configuration.
public struct ConfigurationReader: Sendable {
    /// The primitive's id or its clone's; nil for the only one of the agent.
    public var resource: String?
    /// Where Pacemaker saves the configuration; only root and its own user may read it.
    public var savedConfiguration: String
    /// Prints the CIB of the running cluster.
    public var query: Command

    public init(
        resource: String? = nil,
        savedConfiguration: String = "/var/lib/pacemaker/cib/cib.xml",
        query: Command = ClusterTools.readCIB
    ) {
        self.resource = resource
        self.savedConfiguration = savedConfiguration
        self.query = query
    }

    public func read(by deadline: Deadline) throws(ContextProblem) -> ResourceContext {
        let result = run(query, by: deadline)
        if result.isSuccess { return try context(result.output, .cluster) }
        let why = "cibadmin --query: \(result.summary)"
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try readFile(savedConfiguration, limit: 1 << 26)
        } catch {
            throw .unreadable(cluster: why, file: error.description)
        }
        return try context(bytes, .savedConfiguration(why: why, asOf: writingTime(bytes)))
    }

    private func context(_ bytes: [UInt8], _ source: StatusSource) throws(ContextProblem) -> ResourceContext {
        do throws(CIBError) {
            let configuration = try parseResource(bytes, name: resource)
            let cluster = try parseCIB(bytes, resource: configuration.name)
            return ResourceContext(source: source, cluster: cluster, configuration: configuration)
        } catch {
            throw .resource(error)
        }
    }

    /// When the configuration was last written, in the words of the root element.
    private func writingTime(_ bytes: [UInt8]) -> String? {
        var scanner = XMLScanner(bytes)
        guard (try? scanner.next()) != nil else { return nil }
        return (try? scanner.attribute("cib-last-written")) ?? nil
    }
}
