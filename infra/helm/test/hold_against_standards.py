"""Holds rendered manifests against the *restricted* pod security standard, and against our own rules for reaching pods.

Prints what does not fit; exit status 1 then. https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import sys

import yaml

# Kinds of volumes that the standard allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def pods(documents):
    """Every pod template with the name of what makes it."""
    for document in documents:
        if document["kind"] in ("StatefulSet", "Deployment", "DaemonSet", "Job"):
            yield document["metadata"]["name"], document["spec"]["template"]


def standard(name, template):
    """What a pod template lacks of the standard."""
    spec = template["spec"]
    context = spec.get("securityContext", {})
    for member in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(member):
            yield f"{name}: {member}"
    if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) == 0:
        yield f"{name}: may run as root"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name}: no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{name}: has a token for the cluster"
    for volume in spec.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"{name}: volume {volume['name']}"
    for container in spec.get("initContainers", []) + spec["containers"]:
        security = container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
            yield f"{name}: {container['name']} may become more than it is"
        if security.get("capabilities", {}).get("drop") != ["ALL"] or security["capabilities"].get("add"):
            yield f"{name}: {container['name']} has capabilities"
        if security.get("readOnlyRootFilesystem") is not True:
            yield f"{name}: {container['name']} can change its file system"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{name}: {container['name']} has a port of the host"


def fits(selector, labels):
    """Whether a selector by labels takes a pod in."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def reach(documents, name, template):
    """What is missing so that a pod is reached, reaches out, and is disrupted only as we say."""
    labels = template["metadata"]["labels"]
    policies = [each["spec"] for each in documents if each["kind"] == "NetworkPolicy" and fits(each["spec"]["podSelector"], labels)]
    if not any("ingress" not in spec and "egress" not in spec and len(spec["policyTypes"]) == 2 for spec in policies):
        yield f"{name}: nothing denies what is not allowed"
    if len(policies) < 2:
        yield f"{name}: no policy of its own"
    for spec in policies:
        if any("from" not in rule or "ports" not in rule for rule in spec.get("ingress", [])):
            yield f"{name}: is reached from everywhere, or at every port"
        if any("ports" not in rule for rule in spec.get("egress", [])):
            yield f"{name}: reaches every port"
    budgets = [each for each in documents if each["kind"] == "PodDisruptionBudget" and fits(each["spec"]["selector"], labels)]
    if len(budgets) != 1:
        yield f"{name}: has {len(budgets)} disruption budgets"


def main():
    """Reads the file that the command line names."""
    with open(sys.argv[1], encoding="utf8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    found = list(pods(documents))
    problems = [problem for name, template in found for check in (standard(name, template), reach(documents, name, template)) for problem in check]
    if not found:
        problems.append("there is no pod")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main())
