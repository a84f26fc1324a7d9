import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct OutputDifferenceTests {
  private func outputs(_ files: [String: String], selector: [String: String]? = nil) -> Outputs {
    var outputs = Outputs()
    for (path, text) in files { outputs.files[.init(pipeline: "p", path: path)] = Array(text.utf8) }
    if let selector { outputs.selectors[.init(pipeline: "p", path: ".")] = .some(selector) }
    return outputs
  }

  private let database = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db, namespace: default}\ndata: {a: x}\n"

  @Test func aManifestThatMovesToAnotherFileHasNotChanged() {
    #expect(OutputDifference.between(outputs(["a.yaml": database]), outputs(["b/c.yml": database])).isEmpty)
  }

  @Test func aFieldOfAManifest() {
    let changes = OutputDifference.between(
      outputs(["a.yaml": database]), outputs(["a.yaml": database.replacing("a: x", with: "a: z")]))
    #expect(changes == [Change(.modified, object: "ConfigMap/default/db", path: "data.a", from: "x", to: "z")])
  }

  @Test func aRenameIsShownAsOne() {
    let changes = OutputDifference.between(
      outputs(["a.yaml": database]), outputs(["a.yaml": database.replacing("name: db", with: "name: store")]))
    #expect(changes.map(\.kind) == [.renamed])
    #expect(changes.first?.to == "ConfigMap/default/store")
  }

  @Test func whatCannotChangeInPlaceIsAReplacement() {
    let deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1, selector: {matchLabels: {a: b}}}\n"
    let changes = OutputDifference.between(
      outputs(["a.yaml": deployment]),
      outputs(["a.yaml": deployment.replacing("a: b", with: "a: c").replacing("replicas: 1", with: "replicas: 2")]))
    #expect(changes.map(\.path) == ["spec.replicas", "spec.selector.matchLabels.a"])
    #expect(changes.map(\.kind) == [.modified, .replaced])
  }

  @Test func theValuesOfASecretAreNotShown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    let changed = secret.replacing("hunter2", with: "correcthorse")
    let shown =
      OutputDifference.between(outputs(["a.yaml": secret]), outputs(["a.yaml": changed]))
      + OutputDifference.between(outputs([:]), outputs(["a.yaml": secret]))
      + OutputDifference.between(outputs(["a.yaml": secret]), outputs([:]))
    #expect(shown.map(\.path) == ["stringData.password", "", ""])
    let text = "\(shown)"
    #expect(!text.contains("hunter2") && !text.contains("correcthorse"))
    // Masked values of before and after are told apart: something does change.
    #expect(shown.first?.from != shown.first?.to)
  }

  @Test func otherFilesAreText() {
    let changes = OutputDifference.between(
      outputs(["main.tf": "a = 1\n", "old.txt": "x", "broken.yaml": "a: [\n"]),
      outputs(["main.tf": "a = 2\n", "new.txt": "y", "broken.yaml": "a: [\n"]))
    #expect(changes.map(\.object) == ["file main.tf", "file new.txt", "file old.txt"])
    #expect(changes.map(\.kind) == [.modified, .added, .removed])
  }

  @Test func aSelectorThatChangesIsScheduling() {
    let changes = OutputDifference.between(
      outputs(["a.yaml": database], selector: ["environment": "dev"]),
      outputs(["a.yaml": database], selector: ["environment": "prod"]))
    #expect(
      changes == [
        Change(
          .modified, object: "scheduling", path: "destinationSelectors[.].environment", from: "dev", to: "prod")
      ])
  }
}
