// Users and groups in memory, served by SCIMMY on a free loopback port, which is printed once it listens.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { User, Group } = SCIMMY.Resources;
User.extend(SCIMMY.Schemas.EnterpriseUser, false);

for (const Resource of [User, Group]) {
  const held = new Map();
  const found = (id) => {
    if (!held.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return held.get(id);
  };
  SCIMMY.Resources.declare(Resource, {
    ingress: (resource, data) => {
      const name = String(data.userName ?? "").toLowerCase();
      const isTaken = ([id, other]) => id !== resource.id && String(other.userName).toLowerCase() === name;
      if (name && [...held].some(isTaken)) throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
      const id = resource.id ? found(resource.id).id : randomUUID();
      held.set(id, { ...JSON.parse(JSON.stringify(data)), id });
      return held.get(id);
    },
    egress: (resource) => (resource.id ? found(resource.id) : [...held.values()]),
    degress: (resource) => held.delete(found(resource.id).id),
  });
}

const isAllowed = (request) => {
  if (request.header("Authorization") !== `Bearer ${process.env.SCIM_TOKEN}`) throw new Error("The token is wrong");
  return "scim-bridge";
};
const app = express();
app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: isAllowed }));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
