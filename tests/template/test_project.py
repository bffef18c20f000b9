"""The root template and samconfig.toml: what `sam build && sam deploy` needs to be all a person types."""

import json
import re
import tomllib

import pytest
import yaml

from emulator.parameters import refusal
from tests.template.tree import STACK, Resource, Tree
from tools.expand import ROOT, child, expand, expand_text, templates

TREE = Tree.of_project()

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = {"default": "sandbox", "local": "local", "staging": "staging", "prod": "prod"}


def test_root_template_is_a_table_of_contents() -> None:
    lines = (ROOT / "template.yaml").read_text().count("\n")
    assert lines <= 150


def test_every_service_is_in_each_list_of_pyproject_and_has_a_page() -> None:
    """A service that no import contract names could import another, and nothing would notice."""
    text = (ROOT / "pyproject.toml").read_text()
    packages = {path.parent.name for path in ROOT.glob("services/*/src/*/__init__.py")}
    lists = [set(re.findall(r"\b\w+\b(?!\.)", line)) & packages for line in text.splitlines()]
    assert [packages - named for named in lists if len(named) > 2 and named != packages] == []
    assert sum(named == packages for named in lists) == 5
    for source in ROOT.glob("services/*/src"):
        assert text.count(f'{source.relative_to(ROOT)}",') == 2, "for mypy and for pytest"
        assert (source.parent / "README.md").exists()


def test_every_template_is_reached_from_the_root() -> None:
    nested = {child(stack.written["TemplateURL"]) for stack in TREE.all(STACK)}
    assert nested == set(templates()[1:])


@pytest.mark.parametrize("stack", list(TREE.all(STACK)), ids=str)
def test_parent_and_child_agree(stack: Resource) -> None:
    """CloudFormation notices a parameter or an output that is not there only when it deploys the child, and an output
    that nobody reads never: what people read are the root's."""
    nested = TREE.templates[child(stack.written["TemplateURL"])]
    declared, passed = nested.get("Parameters", {}), stack.written.get("Parameters", {}).keys()
    required = {name for name, parameter in declared.items() if "Default" not in parameter}
    assert passed <= declared.keys()
    assert required <= passed
    read = set(re.findall(rf"\b{stack.name}(?:\", \"|\.)Outputs\.(\w+)", json.dumps(TREE.templates[stack.template])))
    assert read == nested.get("Outputs", {}).keys()


def test_what_anybody_may_call_is_throttled() -> None:
    """One flood of visitors would take the functions that orders need."""
    contract = yaml.safe_load((ROOT / "api" / "gateway.yaml").read_text())
    anybody = {
        ("/" + path.replace("/", "~1"), method.upper())
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and operation.get("security", contract.get("security")) in (None, [])
    }
    api = expand(ROOT / "api" / "template.yaml")["Resources"]["Apiv1Stage"]["Properties"]
    throttled = {(each["ResourcePath"], each["HttpMethod"]) for each in api["MethodSettings"]}
    assert anybody == throttled != set()


def test_a_flood_of_clicks_fills_one_shard_at_most() -> None:
    """A request brings up to 100 clicks, and a shard takes 1,000 a second: more would cost and not be taken."""
    api = expand(ROOT / "api" / "template.yaml")["Resources"]["Apiv1Stage"]["Properties"]
    (rate,) = (
        each["ThrottlingRateLimit"]
        for each in api["MethodSettings"]
        if (each["ResourcePath"], each["HttpMethod"]) == ("/~1clicks", "POST")
    )
    assert rate * 100 <= 1000


@pytest.mark.parametrize("name", expand(templates()[0])["Parameters"])
def test_a_parameter_of_the_root_takes_only_what_works_and_says_so(name: str) -> None:
    """CloudFormation checks the root's before it deploys anything, and a nested stack's minutes later."""
    declared = expand(templates()[0])["Parameters"][name]
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & declared.keys()
    assert refusal(declared, str(declared.get("Default", "sandbox"))) is None
    assert refusal(declared, "<anything else>") is not None
    assert re.match(r"must be ", declared["ConstraintDescription"])


@pytest.mark.parametrize("stack", list(TREE.all(STACK)), ids=str)
def test_a_nested_stack_refuses_nothing_that_the_root_has_let_through(stack: Resource) -> None:
    """Rules that differ let a wrong value through at first, or keep a right one out."""
    nested = TREE.templates[child(stack.written["TemplateURL"])].get("Parameters", {})
    own = TREE.templates[stack.template].get("Parameters", {})
    for name, passed in stack.written.get("Parameters", {}).items():
        above = own.get(passed["Ref"]) if passed.keys() == {"Ref"} else None
        if above is None or nested[name].get("Type") != above.get("Type"):
            continue
        for constraint in ("AllowedValues", "AllowedPattern", "MinValue", "MaxValue"):
            # A stack that is left out on a condition has one value fewer.
            if constraint == "AllowedValues" and "Condition" in stack.body:
                assert set(nested[name].get(constraint, [])) <= set(above.get(constraint, []))
            elif constraint in nested[name]:
                assert nested[name][constraint] == above.get(constraint), f"{name}: {constraint}"


def test_the_api_is_deployed_anew_whatever_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's ARN, the user pool and the origins reach the document only after SAM has looked at it; a deployment
    of the same logical id would go on serving the earlier ones."""

    def deployed_by() -> str:
        resources = expand_text((ROOT / "api" / "template.yaml").read_text(), ROOT / "api")["Resources"]
        name: str = resources["Apiv1Stage"]["Properties"]["DeploymentId"]["Ref"]
        return name

    earlier = deployed_by()
    monkeypatch.setattr("samtranslator.model.apigateway.time.time", lambda: 1.0)
    assert deployed_by() != earlier


def test_the_api_has_the_stack_s_name() -> None:
    """The document's title becomes its name, whatever the template says, and metrics know an API by name alone."""
    api = expand(ROOT / "api" / "template.yaml")["Resources"]["Api"]["Properties"]
    assert api["Name"] == {"Ref": "BusName"}
    assert api["Body"]["info"]["title"] == {"Fn::Sub": "${BusName}"}


ORIGINS = expand(templates()[0])["Parameters"]["AllowedOrigins"]


@pytest.mark.parametrize("origins", ["", "https://shop.example", "http://localhost:5173,https://a.b-c.example:8443"])
def test_origins_are_listed_with_commas(origins: str) -> None:
    assert re.fullmatch(ORIGINS["AllowedPattern"], origins)
    # Of a stage variable (API Gateway Developer Guide, "Use stage variables").
    assert re.fullmatch(r"[A-Za-z0-9-._~:/?#&=,]*", origins)


@pytest.mark.parametrize("origins", ["*", "null", "shop.example", "https://shop.example/", 'https://a"', "https://a,*"])
def test_what_is_no_origin_is_refused(origins: str) -> None:
    assert not re.fullmatch(ORIGINS["AllowedPattern"], origins)


@pytest.mark.parametrize(("config", "environment"), ENVIRONMENTS.items())
def test_a_deployment_asks_nothing(config: str, environment: str) -> None:
    deploy = CONFIG[config]["deploy"]["parameters"]
    assert {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"} <= set(deploy["capabilities"].split())
    assert deploy["resolve_s3"] is True
    assert CONFIG[config]["global"]["parameters"]["stack_name"]
    assert f"Environment={environment}" in deploy["parameter_overrides"].split()
    assert deploy["confirm_changeset"] is (config == "prod")


@pytest.mark.parametrize("environment", ENVIRONMENTS.values())
def test_the_root_template_knows_the_environment(environment: str) -> None:
    parameter = expand(templates()[0])["Parameters"]["Environment"]
    assert environment in parameter["AllowedValues"]


def test_a_deployment_that_forgets_its_environment_fails() -> None:
    """`--parameter-overrides` stands instead of samconfig.toml's, and a default would drop production's protection."""
    for template in templates():
        assert "Default" not in expand(template).get("Parameters", {}).get("Environment", {}), template


def test_every_command_that_names_parameters_names_the_environment() -> None:
    for page in (
        ROOT / "README.md",
        *ROOT.glob("*/README.md"),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("docs/*.md"),
    ):
        for command in re.findall(r"sam deploy[^`\n]*--parameter-overrides[^`\n]*", page.read_text()):
            assert " Environment=" in command, f"{page}: {command}"


def test_local_builds_never_reach_aws() -> None:
    """A local build's layer holds this machine's wheels; `sam deploy` ships what stands in .aws-sam."""
    assert CONFIG["local"]["build"]["parameters"]["build_dir"].startswith(".local/")
    assert CONFIG["local"]["deploy"]["parameters"]["template_file"].startswith(".local/")
    assert all("build_dir" not in CONFIG[config]["build"]["parameters"] for config in ENVIRONMENTS if config != "local")


def test_locks_agree_and_name_no_address() -> None:
    """Tests run the versions that Lambda gets; where packages come from is each machine's own matter."""
    locks = ("requirements/dev.txt", "layer/requirements.txt", "services/kafka/src/requirements.txt")
    development, *shipped = ((ROOT / path).read_text() for path in locks)
    pins = re.compile(r"^([\w.-]+==[\w.]+)", re.MULTILINE)
    for lock in shipped:
        assert set(pins.findall(lock)) <= set(pins.findall(development))
        assert "://" not in lock
    assert "://" not in development + (ROOT / "requirements" / "uv.txt").read_text()


def test_no_function_logs_that_a_run_succeeded() -> None:
    """Two platform lines for each run would cost more than the run's own line. Failures are logged as warnings."""
    levels = {
        resource["Properties"]["Handler"]: resource["Properties"].get("LoggingConfig", {}).get("SystemLogLevel")
        for template in templates()
        for resource in expand(template)["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert set(levels.values()) == {"WARN"}, levels
