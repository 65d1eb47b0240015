import MerestoneTestSupport
import Testing

@Suite("Commands on a graph with several node types")
struct TypedGraphCommandTests {
  let folder = TemporaryFolder()

  /// Two users and two items: who bought, who knows whom.
  func graph() -> String {
    TestFile.write(
      Array("# columns: src\tdst\trelation\n1\t10\tbuys\n2\t10\tbuys\n1\t2\tknows\n".utf8),
      to: folder.file("edges.tsv"))
    TestFile.write(
      Array("# columns: id\tkind\n1\tuser\n10\titem\n2\tuser\n11\titem\n".utf8),
      to: folder.file("nodes.tsv"))
    let run = merestone(
      "preprocess", folder.file("edges.tsv"), "--nodes", folder.file("nodes.tsv"), "--columns",
      "type=kind", "--out", folder.file("g"), "--shards", "2", "--quiet")
    #expect(run.status == 0, "\(run.notes)")
    #expect(run.output.contains("--type NAME") && !run.output.contains("merestone sample"))
    return folder.file("g")
  }

  @Test("inspect, verify and lookup know types and triples")
  func reading() {
    let graph = graph()
    let inspected = merestone("inspect", graph)
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("(user, buys, item)"))
    #expect(inspected.output.contains("(user, knows, user)"))
    #expect(merestone("verify", graph).status == 0)
    let item = merestone("lookup", graph, "--raw", "10", "--type", "item", "--json")
    #expect(item.output.contains("\"inDegree\": 2"), "\(item.output)")
    let unknown = merestone("lookup", graph, "--raw", "10", "--type", "user")
    #expect(unknown.status == 65 && unknown.notes.contains("node of type user"))
    let type = merestone("lookup", graph, "--raw", "10", "--type", "shop")
    #expect(type.status == 64 && type.notes.contains("user, item"))
  }

  @Test("sample follows a relation from a type to itself, and says so where there is none")
  func sampling() {
    let graph = graph()
    let users = merestone("sample", graph, "--seeds", "2", "--fanouts", "all", "--type", "user")
    #expect(users.status == 0 && users.output.contains("2 <- 1"), "\(users.notes)")
    let items = merestone("sample", graph, "--seeds", "10", "--fanouts", "2", "--type", "item")
    #expect(items.status == 64 && items.notes.contains("among nodes of type item"))
    let relation = merestone(
      "sample", graph, "--seeds", "2", "--fanouts", "2", "--type", "user", "--relation", "buys")
    #expect(relation.status == 64 && relation.notes.contains("no relation 'buys'"))
  }

  @Test("relations with edges of their own are sampled by name")
  func split() {
    _ = graph()
    let run = merestone(
      "preprocess", folder.file("edges.tsv"), "--relations", "split", "--out", folder.file("s"),
      "--quiet")
    #expect(run.status == 0, "\(run.notes)")
    let any = merestone("sample", folder.file("s"), "--seeds", "10", "--fanouts", "all")
    #expect(
      any.status == 64 && any.notes.contains("2 relations") && any.notes.contains("--relation"))
    let buys = merestone(
      "sample", folder.file("s"), "--seeds", "10", "--fanouts", "all", "--relation", "buys")
    #expect(buys.status == 0 && buys.output.contains("2 edges"), "\(buys.output)")
  }

  @Test("train refuses it with the mend")
  func training() {
    let run = merestone("train", graph(), "--out", folder.file("run"))
    #expect(run.status == 64)
    #expect(run.notes.contains("2 node types") && run.notes.contains("without the column type"))
  }

  @Test("features name their type")
  func features() {
    _ = graph()
    let edges = folder.file("edges.tsv")
    for flags in [["a.npy", "b.npy"], ["user=a.npy", "user=b.npy"]] {
      let run = merestone(
        ["preprocess", edges, "--out", folder.file("f")]
          + flags.flatMap { ["--features", $0] })
      #expect(run.status == 64, "\(run.notes)")
    }
  }
}
