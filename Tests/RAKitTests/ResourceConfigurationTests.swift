import RACore
import Testing

@testable import RAKit

@Suite struct ResourceConfigurationTests {
    private func cib(_ resources: String) -> [UInt8] {
        Array("<cib><configuration><resources>\(resources)</resources></configuration><status/></cib>".utf8)
    }

    private func primitive(_ id: String, type: String = "pgsql-swift") -> String {
        "<primitive id='\(id)' class='ocf' provider='heartbeat' type='\(type)'/>"
    }

    @Test func findsTheResourceOfTheAgent() throws {
        let found = try parseResource(fixtureCIB("pacemaker-2.1"), name: nil)
        #expect(found.name == "pgsql")
        #expect(found.agent == "ocf:heartbeat:pgsql-swift")
        #expect(found.cloneName == "pgsql-clone")
        #expect(found.isPromotable)
        #expect(found.metaAttributes["notify"] == "true")
        #expect(found.parameter("monitor_sql") == "select \"one\" from t where n < 2 && true")
        let parameters = found.reading.parameters
        #expect(found.reading.problems.isEmpty)
        #expect(parameters.repMode == .sync)
        #expect(parameters.nodeList == ["alpha", "beta", "gamma"])
        #expect(parameters.monitorPassword?.reveal() == "s3cr<et&")
    }

    @Test func takesFromTheTemplateWhatThePrimitiveLacks() throws {
        let found = try parseResource(fixtureCIB("pacemaker-3.0"), name: nil)
        #expect(found.agent == "ocf:heartbeat:pgsql-swift")
        #expect(found.parameter("rep_mode") == "async")
        #expect(found.parameter("master_ip") == "192.0.2.10")
        #expect(found.metaAttributes["migration-threshold"] == "3")
    }

    @Test func findsByThePrimitivesOrTheClonesName() throws {
        let bytes = cib("<clone id='c'>\(primitive("p", type: "pgsql"))</clone>" + primitive("q"))
        #expect(try parseResource(bytes, name: "p").agent == "ocf:heartbeat:pgsql")
        #expect(try parseResource(bytes, name: "c").name == "p")
        #expect(try parseResource(bytes, name: nil).name == "q")
        #expect(try parseResource(bytes, name: nil).outerName == "q")
        #expect(throws: CIBError.noResource(named: "x")) { try parseResource(bytes, name: "x") }
    }

    @Test func asksWhichOfSeveral() {
        let bytes = cib(primitive("a") + primitive("b"))
        #expect(throws: CIBError.severalResources(["a", "b"])) { try parseResource(bytes, name: nil) }
        #expect(throws: CIBError.noResourceOfAgent) { try parseResource(cib(""), name: nil) }
    }

    @Test func groupsAndOldPromotableClones() throws {
        let group = cib("<clone id='c'><group id='g'>\(primitive("p"))</group></clone>")
        #expect(try parseResource(group, name: nil).cloneName == "c")
        #expect(try !parseResource(group, name: nil).isPromotable)
        #expect(try parseResource(cib("<master id='m'>\(primitive("p"))</master>"), name: nil).isPromotable)
    }

    @Test func setsCountByTheirScore() throws {
        let set = { (score: String, value: String) in
            "<instance_attributes id='\(value)' score='\(score)'><nvpair name='pgport' value='\(value)'/>"
                + "</instance_attributes>"
        }
        let bytes = cib(
            "<primitive id='p' class='ocf' provider='heartbeat' type='pgsql-swift'>\(set("1", "1"))\(set("INFINITY", "2"))"
                + "<instance_attributes id='x' score='INFINITY'><rule id='r'/><nvpair name='pgport' value='3'/>"
                + "</instance_attributes></primitive>"
        )
        #expect(try parseResource(bytes, name: nil).parameter("pgport") == "2")
    }

    /// As Pacemaker goes about it: the primitive's own word, its template's, the clone's, the default for all resources.
    @Test(arguments: [
        ("", "", "", "", true), ("is-managed=false", "", "", "", false), ("", "is-managed=false", "", "", false),
        ("", "", "is-managed=false", "", false), ("", "", "", "is-managed=false", false),
        ("is-managed=false", "", "is-managed=true", "", false), ("is-managed=true", "", "is-managed=false", "", true),
        ("", "", "is-managed=true", "is-managed=false", true), ("", "", "", "maintenance=true", false),
        ("maintenance=true", "", "maintenance=false", "", false),
        ("", "maintenance=false", "maintenance=true", "", true),
    ])
    func isManagedAsTheNearestSays(
        _ primitive: String,
        _ template: String,
        _ clone: String,
        _ defaults: String,
        _ isManaged: Bool
    ) throws {
        func set(_ text: String) -> String {
            let words = text.split(separator: "=")
            guard words.count == 2 else { return "" }
            return "<meta_attributes id='m'><nvpair name='\(words[0])' value='\(words[1])'/></meta_attributes>"
        }
        let text =
            "<cib><configuration><resources><template id='t' class='ocf' provider='heartbeat' type='pgsql-swift'>"
            + "\(set(template))</template><clone id='c'>\(set(clone))<primitive id='p' template='t'>\(set(primitive))"
            + "</primitive></clone></resources><rsc_defaults>\(set(defaults))</rsc_defaults></configuration></cib>"
        #expect(try parseResource(Array(text.utf8), name: "p").isManaged == isManaged)
    }

    @Test func isPrintedWithoutItsValues() throws {
        let found = try parseResource(fixtureCIB("pacemaker-2.1"), name: nil)
        var dumped = ""
        dump(found, to: &dumped)
        #expect(!dumped.contains("s3cr"))
        #expect(!"\(found)".contains("s3cr"))
    }
}
